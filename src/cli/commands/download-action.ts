/** What `kvz-cloud download` does. */
import type { CliContext } from '../context.js';
import { interruptible } from '../interrupt.js';
import { formatBytes } from '../ui/format.js';
import { shortPath } from '../ui/summary.js';
import type { DownloadFlags } from './download.js';

export async function downloadResult(
    context: CliContext,
    jobId: string,
    flags: DownloadFlags,
): Promise<void> {
    await interruptible(async (signal) => {
        const client = await context.connect(flags, { signal });
        try {
            if (flags.url) {
                const { url, expiresAt } = await client.downloadUrl(jobId);
                if (flags.json) context.printJson({ jobId, url, expiresAt });
                else context.print(url);
                return;
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
                onTrouble: (error) =>
                    context.say(error ? `${error.message}; trying again` : 'the download goes on'),
            });
            if (flags.json) context.printJson({ jobId, output, outputBytes });
            else context.print(`${shortPath(output)} (${formatBytes(outputBytes)})`);
        } finally {
            client.close();
        }
    });
}
