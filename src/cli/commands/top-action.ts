/** What `kvz-cloud top` does. */
import type { CliContext, ServerFlags } from '../context.js';
import { fetchQueue } from '../top/queue-data.js';
import type { QueueData } from '../top/queue-data.js';
import { detailParts, machineLines, pausedText, placeText, statsParts } from '../top/queue-text.js';
import { shorten } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { isLiveTerminal } from '../ui/view.js';

const NAME_WIDTH = 40;

export interface TopFlags extends ServerFlags {
    json?: boolean;
    all?: boolean;
    once?: boolean;
}

function printQueue(context: CliContext, data: QueueData): void {
    context.print(`kvz-cloud ${data.stats.version} at ${data.server}`);
    context.print(statsParts(data).join(', '));
    machineLines(data, Infinity).forEach((line) => context.print(line));
    const paused = pausedText(data);
    if (paused !== undefined) context.print(paused);
    if (data.jobs.length === 0) return;
    const nowMs = Date.now();
    const rows = data.jobs.map((job) => [
        job.id,
        job.state,
        placeText(job),
        shorten(job.name, NAME_WIDTH),
        detailParts(job, nowMs).join(', '),
    ]);
    const header = ['ID', 'STATE', '', 'FILE', 'DETAILS'];
    formatTable(header, rows, { right: [2] }).forEach((line) => context.print(line));
}

/** A live view on a terminal; else, and with --once, what it would show now. */
export async function showTop(context: CliContext, flags: TopFlags): Promise<void> {
    const isLive = isLiveTerminal(context.env) && process.stdin.isTTY;
    if (isLive && !flags.json && !flags.once) {
        const { showLiveTop } = await import('../top/live-top.js');
        return showLiveTop(context, flags);
    }
    const data = await context.withClient(flags, (client) =>
        fetchQueue(client, flags.all ?? false),
    );
    if (!flags.json) return printQueue(context, data);
    const { server, stats, jobs } = data;
    const { recent, re: _, type: __, ...rest } = stats;
    const ended = new Set(recent.map(({ id }) => id));
    return context.printJson({
        server,
        stats: rest,
        jobs: jobs.filter(({ id }) => !ended.has(id)),
        recent,
    });
}
