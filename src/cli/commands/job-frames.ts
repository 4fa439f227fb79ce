/** `kvz-cloud job ID --frames`: what kvazaar said of each frame. */
import { pipeline } from 'node:stream/promises';
import type { CliContext, ServerFlags } from '../context.js';

export const FRAME_FORMATS = ['csv', 'json'] as const;
export type FrameFormat = (typeof FRAME_FORMATS)[number];

/** Each line of the CSV as an object; empty fields are left out. */
async function* asJson(csv: AsyncIterable<Buffer>): AsyncGenerator<string> {
    let names: string[] | undefined;
    let rest = '';
    let separator = '[\n';
    for await (const part of csv) {
        const lines = (rest + part.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
            const fields = line.split(',');
            if (!names) {
                names = fields;
                continue;
            }
            const entries = fields.flatMap((text, i): [string, string | number][] => {
                const name = names?.[i];
                if (name === undefined || text === '') return [];
                return [[name, name === 'type' ? text : Number(text)]];
            });
            yield `${separator}${JSON.stringify(Object.fromEntries(entries))}`;
            separator = ',\n';
        }
    }
    yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/** Writes the statistics of a job's frames to stdout. @throws KvzError UNKNOWN_JOB, RESULT_GONE */
export async function printFrames(
    context: CliContext,
    jobId: string,
    format: FrameFormat,
    flags: ServerFlags,
): Promise<void> {
    await context.withClient(flags, async (client) => {
        const csv = await client.frames(jobId);
        try {
            await pipeline(format === 'csv' ? csv : asJson(csv), process.stdout, { end: false });
        } catch (error) {
            // Its reader has seen enough (`| head`).
            if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
        }
    });
}
