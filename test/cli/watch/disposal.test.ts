import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileVersion } from '../../../src/client/input-file.js';
import { Disposal } from '../../../src/cli/watch/disposal.js';
import type { OnDone } from '../../../src/cli/watch/disposal-modes.js';
import { versionOf } from '../../../src/cli/watch/rest.js';
import { fileIdOf } from '../../../src/protocol/file-id.js';
import { KvzError } from '../../../src/protocol/errors.js';
import { mountProblem, SmallDisk } from '../../faults/helpers/small-disk.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const SIGNAL = new AbortController().signal;
const RESULT = Buffer.from('an encoded video');

let root: string;
let input: string;
let version: FileVersion;
let output: string;

beforeEach(async () => {
    root = temporaryFolder();
    mkdirSync(join(root, 'day'));
    input = join(root, 'day', 'clip.mp4');
    writeFileSync(input, 'a video');
    output = join(temporaryFolder(), 'clip.hevc.mkv');
    writeFileSync(output, RESULT);
    version = (await versionOf(input)) ?? expect.fail('there is no input');
});

const record = () => ({
    ...({ kind: 'done', fileId: 'a', request: 'b', time: '' } as const),
    output,
    outputBytes: RESULT.length,
    outputId: fileIdOf(RESULT),
});

function disposal(onDone: OnDone, doneFolder = join(root, 'done')): Disposal {
    return new Disposal({ root, onDone, doneFolder, failedFolder: join(root, 'failed') });
}

describe('an input whose result is there', () => {
    it('is kept, moved or deleted', async () => {
        expect(await disposal('keep').done(input, version, record(), SIGNAL)).toBeUndefined();
        const moved = await disposal('move').done(input, version, record(), SIGNAL);
        const to = join(root, 'done/day/clip.mp4');
        expect(moved).toEqual({ event: 'moved', to, reason: 'done' });
        expect(readFileSync(to, 'utf8')).toBe('a video');
        expect(existsSync(input)).toBe(false);

        const now = (await versionOf(to)) ?? version;
        expect(await disposal('delete').done(to, now, record(), SIGNAL)).toEqual({
            event: 'deleted',
        });
        expect(existsSync(to)).toBe(false);
    });

    it.each([
        ['is gone', () => writeFileSync(output, '')],
        ['is another one of the same size', () => writeFileSync(output, RESULT.toReversed())],
    ])('is not deleted when the result %s', async (_, spoil) => {
        spoil();
        const disposed = await disposal('delete').done(input, version, record(), SIGNAL);
        expect(disposed).toMatchObject({ event: 'kept' });
        expect(existsSync(input)).toBe(true);
    });

    it.each(['move', 'delete'] as const)('stays when it has changed since (%s)', async (onDone) => {
        writeFileSync(input, 'another video');
        const disposed = await disposal(onDone).done(input, version, record(), SIGNAL);
        expect(disposed).toMatchObject({ event: 'kept' });
        expect(readFileSync(input, 'utf8')).toBe('another video');
    });

    it('takes no name that is taken', async () => {
        mkdirSync(join(root, 'done/day'), { recursive: true });
        writeFileSync(join(root, 'done/day/clip.mp4'), 'mine');
        writeFileSync(join(root, 'done/day/clip.2.mp4'), 'mine');
        expect(await disposal('move').done(input, version, record(), SIGNAL)).toMatchObject({
            to: join(root, 'done/day/clip.3.mp4'),
        });
        expect(readFileSync(join(root, 'done/day/clip.mp4'), 'utf8')).toBe('mine');
    });

    it.skipIf(mountProblem() !== undefined)('is moved to another disk, or stays', async () => {
        const disk = new SmallDisk(1);
        const done = await disposal('move', disk.folder).done(input, version, record(), SIGNAL);
        expect(done).toMatchObject({ event: 'moved', to: join(disk.folder, 'day/clip.mp4') });
        expect(existsSync(input)).toBe(false);

        writeFileSync(input, Buffer.alloc(100_000, 1));
        disk.fill();
        const now = (await versionOf(input)) ?? version;
        const kept = await disposal('move', disk.folder).done(input, now, record(), SIGNAL);
        expect(kept).toMatchObject({
            event: 'kept',
            message: expect.stringContaining('the disk is full'),
        });
        expect(readFileSync(input)).toHaveLength(100_000);
        expect(readdirSync(join(disk.folder, 'day'))).toEqual(['clip.mp4']);
    });
});

it('an input that failed is moved away with the reason beside it', async () => {
    const error = new KvzError('JOB_FAILED', 'no video (try another)', {
        jobId: 'abc',
        cause: { code: 'INPUT_NO_VIDEO', message: 'no video', hint: 'try another' },
    });
    const to = join(root, 'failed/day/clip.mp4');
    expect(await disposal('keep').failed(input, version, error)).toEqual({
        ...{ event: 'moved', to, reason: 'failed' },
    });
    const text = readFileSync(`${to}.txt`, 'utf8');
    expect(text).toMatch(/^code +INPUT_NO_VIDEO$/m);
    expect(text).toMatch(/^log +kvz-cloud logs abc$/m);
    expect(existsSync(input)).toBe(false);
});
