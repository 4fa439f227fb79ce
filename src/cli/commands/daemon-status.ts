/** What `kvz-cloud daemon status` does. */
import type { DaemonRecord } from '../../config/daemon-record.js';
import type { Settings } from '../../config/settings.js';
import { EXIT, KvzError } from '../../protocol/errors.js';
import type { ServerMessageOf } from '../../protocol/messages.js';
import type { CliContext } from '../context.js';
import { formatBytes, formatDuration } from '../ui/format.js';
import { runningDaemon } from '../../client/running-daemon.js';
import { machineText } from '../top/queue-text.js';
import { pauseText } from '../ui/pause-text.js';

type Stats = ServerMessageOf<'server.stats'>;

function print(
    context: CliContext,
    url: string,
    record: DaemonRecord | undefined,
    stats: Stats,
): void {
    const jobs = Object.entries(stats.jobs)
        .filter(([, count]) => count > 0)
        .map(([state, count]) => `${count} ${state}`);
    const { machines = [] } = stats;
    const rows: [string, string][] = [
        ...(record ? ([['pid', String(record.pid)]] as [string, string][]) : []),
        ['url', url],
        ['version', stats.version],
        ['uptime', formatDuration(stats.uptimeSeconds)],
        ['workers', `${stats.running} of ${stats.workers} busy`],
        ...machines.map((machine): [string, string] => [
            'machine',
            `${machine.name}: ${machineText(machine)}`,
        ]),
        ['queue', `${stats.queued} waiting${stats.paused ? `; ${pauseText(stats.paused)}` : ''}`],
        ['uploads', `${stats.uploads} open`],
        ['your jobs', jobs.length > 0 ? jobs.join(', ') : 'none'],
        ['free disk', formatBytes(stats.freeBytes)],
    ];
    rows.forEach(([name, text]) => context.print(`${name.padEnd(9)}  ${text}`));
}

/** Shows the daemon of the data folder, else the one that the settings name. */
export async function showStatus(
    context: CliContext,
    settings: Settings,
    json: boolean | undefined,
): Promise<void> {
    const record = runningDaemon(settings.dataDir);
    const url = record?.url ?? settings.server;
    let stats: Stats;
    try {
        stats = await context.withClient(record ? { server: url } : {}, (client) => client.stats());
    } catch (error) {
        if (!(error instanceof KvzError) || error.code !== 'UNREACHABLE') throw error;
        if (json) context.printJson({ running: false, url });
        context.say(error.message);
        context.exitStatus = EXIT.unreachable;
        return;
    }
    if (!json) return print(context, url, record, stats);
    const {
        version,
        uptimeSeconds,
        workers,
        running,
        machines,
        queued,
        uploads,
        paused,
        jobs,
        freeBytes,
    } = stats;
    return context.printJson({
        running: true,
        ...(record ? { pid: record.pid, startedAt: record.startedAt } : {}),
        url,
        version,
        uptimeSeconds,
        workers,
        runningJobs: running,
        ...(machines && { machines }),
        queuedJobs: queued,
        openUploads: uploads,
        ...(paused && { paused }),
        jobs,
        freeBytes,
    });
}
