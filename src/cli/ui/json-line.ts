/** The frame of each line of `--json`: event, version, time and file. */
import type { JSON_VERSION } from '../output/line-schemas.js';

/** As in output/line-schemas.ts, which is not loaded for this. */
const VERSION: typeof JSON_VERSION = 1;

/** An event as one line of JSON. */
export function jsonLine(event: { event: string }, file?: string): string {
    const { event: name, ...rest } = event;
    const time = new Date().toISOString();
    return JSON.stringify({
        event: name,
        version: VERSION,
        time,
        ...(file === undefined ? {} : { file }),
        ...rest,
    });
}
