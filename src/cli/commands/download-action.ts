/** What `kvz-cloud download` does. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { KvzError } from '../../protocol/errors.js';
import type { Job } from '../../protocol/messages.js';
import { download } from '../../client/downloader.js';
import { HttpClient } from '../../client/http.js';
import { jobError } from '../../client/job-tracker.js';
import { checkOutput } from '../../client/output-path.js';
import { updateOf } from '../../client/session.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { formatBytes } from '../ui/format.js';
import { shortPath } from '../ui/summary.js';
import type { DownloadFlags } from './download.js';

async function outputPath(target: string | undefined, fileName: string): Promise<string> {
    // The daemon's name is taken as a name only, whatever it looks like.
    const name = basename(fileName);
    if (target === undefined) return resolve(name);
    const isFolder = (await stat(target).catch(() => undefined))?.isDirectory() ?? false;
    return resolve(isFolder || target.endsWith('/') ? join(target, name) : target);
}

function resultOf(job: Job): NonNullable<Job['result']> {
    const error = jobError(updateOf(job));
    if (error) throw error;
    if (job.result) return job.result;
    throw new KvzError(
        'WRONG_STATE',
        `job ${job.id} is ${job.state}: there is no result yet; "kvz-cloud wait ${job.id}" waits`,
        { jobId: job.id },
    );
}

export async function downloadResult(
    context: CliContext,
    jobId: string,
    flags: DownloadFlags,
): Promise<void> {
    await interruptible(async (signal) => {
        const session = await context.connect(flags, { signal });
        const http = new HttpClient(session.server, session.token);
        try {
            const { job } = await session.request<'job.get'>({ type: 'job.get', jobId });
            const result = resultOf(job);
            const output = await outputPath(flags.output, result.fileName);
            await checkOutput(output, flags.force ?? false);
            await download(http, result, output, {
                force: flags.force ?? false,
                signal,
                patience: context.patience(),
                onTrouble: (error) =>
                    context.say(error ? `${error.message}; trying again` : 'the download goes on'),
            });
            const { outputBytes } = result;
            if (flags.json) context.printJson({ jobId, output, outputBytes });
            else context.print(`${shortPath(output)} (${formatBytes(outputBytes)})`);
        } finally {
            http.close();
            session.close();
        }
    });
}
