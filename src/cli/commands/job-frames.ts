/** `kvz-cloud job ID --frames`: what kvazaar said of each frame. */
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { isErrorCode, KvzError } from '../../protocol/errors.js';
import { errorBody, HttpClient, readBody } from '../../client/http.js';
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
    const { server, token } = await context.access(flags);
    const http = new HttpClient(server, token);
    try {
        const request = http.request(
            `/jobs/${encodeURIComponent(jobId)}/frames`,
            context.patience(),
        );
        request.end();
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            request.on('response', resolve);
            request.on('error', (error) =>
                reject(
                    new KvzError('UNREACHABLE', `no daemon answers at ${server}`, {
                        cause: error,
                    }),
                ),
            );
        });
        const { statusCode = 0 } = response;
        if (statusCode !== 200) {
            const { code, message } = errorBody(statusCode, await readBody(response));
            throw new KvzError(isErrorCode(code) ? code : 'INTERNAL', message);
        }
        const content = format === 'csv' ? response : asJson(response);
        await pipeline(content, process.stdout, { end: false });
    } finally {
        http.close();
    }
}
