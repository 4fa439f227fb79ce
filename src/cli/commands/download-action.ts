/** What `kvz-cloud download` does. */
import type { Client } from '../../client/client.js';
import { Spool } from '../../client/spool.js';
import { KvzError } from '../../protocol/errors.js';
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { formatBytes } from '../ui/format.js';
import { shortPath } from '../ui/summary.js';
import type { DownloadFlags } from './download.js';
import { STANDARD_STREAM, copyToStdout, refuseTerminal } from './standard-stream.js';

function tellTrouble(context: CliContext, error: Error | undefined): void {
    context.say(error ? `${error.message}; trying again` : 'the download goes on');
}

/** By way of a temporary file: a reader gets the whole result or nothing. */
async function downloadToStdout(
    context: CliContext,
    client: Client,
    jobId: string,
    signal: AbortSignal,
): Promise<void> {
    const spool = new Spool(context.paths.cacheDir);
    try {
        const { output, outputBytes } = await client.download(jobId, {
            output: await spool.path('result'),
            signal,
            onTrouble: (error) => tellTrouble(context, error),
        });
        await copyToStdout(output);
        context.say(`stdout (${formatBytes(outputBytes)})`);
    } finally {
        await spool.remove();
    }
}

export async function downloadResult(
    context: CliContext,
    jobId: string,
    flags: DownloadFlags,
): Promise<void> {
    if (flags.output === STANDARD_STREAM) {
        if (flags.json) throw new KvzError('USAGE', '--json and -o - would both write to stdout');
        refuseTerminal();
    }
    await interruptible(async (signal) => {
        const client = await context.connect(flags, { signal });
        try {
            if (flags.url) {
                const { url, expiresAt } = await client.downloadUrl(jobId);
                if (flags.json) context.printJson({ jobId, url, expiresAt });
                else context.print(url);
                return;
            }
            if (flags.output === STANDARD_STREAM) {
                return await downloadToStdout(context, client, jobId, signal);
            }
            const { output, outputBytes } = await client.download(jobId, {
                output: flags.output,
                force: flags.force,
                signal,
                resumable: true,
                onKept: (path, bytes) =>
                    context.say(
                        `${formatBytes(bytes)} are in ${shortPath(path)}; the same command goes on from there`,
                    ),
                onTrouble: (error) => tellTrouble(context, error),
            });
            if (flags.json) context.printJson({ jobId, output, outputBytes });
            else context.print(`${shortPath(output)} (${formatBytes(outputBytes)})`);
        } finally {
            client.close();
        }
    });
}
