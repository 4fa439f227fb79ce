/**
 * Interlaced pictures are coded as frames of two fields, and the container tells players so.
 * kvazaar's field coding (`--source-scan-type`) is not used; docs/ARCHITECTURE.md tells why.
 */
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DecodedSource } from './decode.js';
import { exitError } from './process.js';
import type { Programs } from './programs.js';
import type { Supervisor } from './supervisor.js';

/** Whether the top or the bottom field is shown first. */
export type FieldOrder = 'tff' | 'bff';

/** What most of the frames say; undefined where most are progressive. */
export function fieldOrder(decoded: DecodedSource): FieldOrder | undefined {
    const { pts, topFirstFrames, bottomFirstFrames } = decoded;
    if (2 * (topFirstFrames + bottomFirstFrames) <= pts.length) return undefined;
    return topFirstFrames >= bottomFirstFrames ? 'tff' : 'bff';
}

/** The editor of headers comes with mkvmerge. */
export function mkvpropeditPath({ mkvmerge }: Programs): string {
    return join(dirname(mkvmerge), 'mkvpropedit');
}

/** Matroska's FieldOrder element (RFC 9559, 5.1.4.1.28.2). */
const FIELD_ORDERS: Readonly<Record<FieldOrder, number>> = { tff: 1, bff: 6 };

/**
 * mkvmerge knows a field order, but not the flag without which players must ignore it. Where its
 * editor is not installed the file stays as it is.
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function flagInterlaced(
    supervisor: Supervisor,
    programs: Programs,
    path: string,
    order: FieldOrder,
): Promise<void> {
    const mkvpropedit = mkvpropeditPath(programs);
    const isThere = await access(mkvpropedit, constants.X_OK).then(
        () => true,
        () => false,
    );
    if (!isThere) return;
    const exit = await supervisor.run({
        program: 'mkvmerge',
        path: mkvpropedit,
        args: [
            ...['--quiet', path, '--edit', 'track:1', '--set', 'interlaced=1'],
            ...['--set', `field-order=${FIELD_ORDERS[order]}`],
        ],
        stdout: 'log',
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the field order could not be written', exit);
    }
}
