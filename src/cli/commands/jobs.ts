/** `kvz-cloud jobs`: a list of jobs, the newest first. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Job } from '../../protocol/messages.js';
import type { CliContext, ServerFlags } from '../context.js';
import { formatBytes, formatDuration, shorten } from '../ui/format.js';
import { formatTable } from '../ui/table.js';
import { addExamples, addServerOptions } from './common.js';

const NAME_WIDTH = 32;

interface JobsFlags extends ServerFlags {
    json?: boolean;
    all?: boolean;
    limit: number;
}

function count(text: string): number {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) {
        throw new InvalidArgumentError('expected a whole number of at least 1.');
    }
    return value;
}

/** "encoding 54 %" */
export function jobStateText(job: Job): string {
    const percent = job.progress?.percent;
    return job.state === 'encoding' && percent !== undefined
        ? `${job.state} ${Math.floor(percent)} %`
        : job.state;
}

/** How long ago, in the largest unit that fits: "5 min". */
function formatAge(iso: string, nowMs: number): string {
    const seconds = Math.max(0, (nowMs - Date.parse(iso)) / 1000);
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86_400)} d`;
}

/** What a queued job waits for: "no. 3, ready in 2:10". */
export function waitText({ retryAt, failure, forecast }: Job, nowMs: number): string {
    if (retryAt !== undefined && Date.parse(retryAt) > nowMs) {
        const seconds = (Date.parse(retryAt) - nowMs) / 1000;
        return `${failure?.code ?? 'failed'}, again in ${formatDuration(seconds)}`;
    }
    const { position, etaSeconds } = forecast ?? {};
    return [
        ...(position === undefined ? [] : [`no. ${position}`]),
        ...(etaSeconds === undefined ? [] : [`ready in ${formatDuration(etaSeconds)}`]),
    ].join(', ');
}

function row(job: Job, nowMs: number): string[] {
    const { result, progress } = job;
    const outcome = result
        ? `${formatBytes(result.outputBytes)}, ${formatDuration(result.durationSeconds)}`
        : progress?.etaSeconds !== undefined && job.state === 'encoding'
          ? `${formatDuration(progress.etaSeconds)} left`
          : job.state === 'queued'
            ? waitText(job, nowMs)
            : (job.failure?.code ?? '');
    return [
        job.id,
        jobStateText(job),
        shorten(job.name, NAME_WIDTH),
        formatBytes(job.size),
        job.options.preset,
        job.options.container,
        formatAge(job.createdAt, nowMs),
        outcome,
    ];
}

export function addJobs(program: Command, context: CliContext): void {
    const command = program
        .command('jobs')
        .description('list your jobs, newest first')
        .addOption(new Option('-n, --limit <n>', 'how many at most').argParser(count).default(50))
        .option('-a, --all', "every user's jobs, for administrators of the daemon")
        .option('--json', 'one JSON document on stdout')
        .action(async (flags: JobsFlags) => {
            const { limit, all } = flags;
            const jobs = await context.withClient(flags, (client) => client.jobs({ limit, all }));
            if (flags.json) return context.printJson(jobs);
            if (jobs.length === 0) return context.say('there are no jobs');
            const header = ['ID', 'STATE', 'FILE', 'SIZE', 'PRESET', 'TYPE', 'AGE', 'RESULT'];
            const nowMs = Date.now();
            const rows = jobs.map((job) => [
                ...row(job, nowMs),
                ...(flags.all ? [job.user ?? ''] : []),
            ]);
            const lines = formatTable([...header, ...(flags.all ? ['USER'] : [])], rows, {
                right: [3],
            });
            return lines.forEach((line) => context.print(line));
        });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud jobs -n 10', 'the ten newest'],
        [`kvz-cloud jobs --json | jq -r '.[] | select(.state == "failed") | .id'`, ''],
    ]);
}
