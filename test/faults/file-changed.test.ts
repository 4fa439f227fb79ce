/** Files that others write to while they are being sent. */
import {
    appendFileSync,
    closeSync,
    openSync,
    renameSync,
    statSync,
    truncateSync,
    utimesSync,
    writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import {
    evidenceOf,
    expectDelivered,
    expectNoClientFiles,
    expectNothingKept,
} from './helpers/evidence.js';
import type { EncodeProcess } from './helpers/process.js';
import { testRandom } from './helpers/random.js';
import { MIB, newScene, type Scene } from './helpers/scene.js';
import { writeSource, type Source } from './helpers/source.js';

const SIZE_MIB = 16;

function overwrite(path: string, offset: number, text: string): void {
    const file = openSync(path, 'r+');
    writeSync(file, text, offset);
    closeSync(file);
}

/** Begins an upload, does something when some MiB have passed, and lets the upload go on. */
async function encodeWhile(
    name: string,
    change: (source: Source) => void,
    localCopy = false,
): Promise<{ scene: Scene; source: Source; encode: EncodeProcess }> {
    const scene = await newScene({ settings: { localCopy } });
    const source = writeSource(join(scene.home.outputs, 'clip.yuv'), SIZE_MIB, testRandom(name));
    const passed = scene.proxy.gate.holdBodiesAfter(2.5 * MIB);
    const encode = scene.encode(source, '-o', 'clip.hevc');
    await passed;
    change(source);
    scene.proxy.gate.open();
    return { scene, source, encode };
}

describe('a file that changes while it is being sent', () => {
    const notYetSent = (SIZE_MIB - 1) * MIB;
    const changes: [string, (source: Source) => void][] = [
        ['grows', ({ path }) => appendFileSync(path, 'more')],
        ['loses its end', ({ path }) => truncateSync(path, notYetSent)],
        ['is written to in place', ({ path }) => overwrite(path, notYetSent, 'other')],
        [
            'is written to in place, and its time is put back',
            ({ path }) => {
                const { atime, mtime } = statSync(path);
                overwrite(path, notYetSent, 'other');
                utimesSync(path, atime, mtime);
            },
        ],
    ];
    const ways = changes.flatMap(([name, change]) => [
        { name, change, way: 'sent', localCopy: false },
        { name, change, way: 'read by the daemon', localCopy: true },
    ]);
    it.each(ways)('and is $way, and $name, is an error', async ({ name, change, localCopy }) => {
        const { scene, source, encode } = await encodeWhile(name, change, localCopy);
        expect(await encode.ended).toEqual({ status: EXIT.rejected, signal: null });
        expect(encode.events.at(-1)).toMatchObject({
            event: 'error',
            code: 'FILE_CHANGED',
            message: `${source.path}: the file changed while it was being read`,
        });
        expectNoClientFiles(scene, source);
        // What can never become complete is given up at once and not when it expires.
        expect(evidenceOf(scene).jobs.map(({ state }) => state)).toEqual(['cancelled']);
        expectNothingKept(scene);
    });

    it('can be sent as it is then', async () => {
        const { scene, source, encode } = await encodeWhile('sent again', ({ path }) =>
            overwrite(path, notYetSent, 'other'),
        );
        expect((await encode.ended).status).toBe(EXIT.rejected);
        const again = scene.encode(source, '-o', 'clip.hevc');
        expect(await again.ended).toMatchObject({ status: 0 });
        const { jobs, uploads } = evidenceOf(scene);
        expect(jobs.map(({ state }) => state).sort()).toEqual(['cancelled', 'ready']);
        expect(uploads.map(({ state }) => state).sort()).toEqual(['cancelled', 'complete']);
    });

    it.each([false, true])('and is replaced arrives as it was (localCopy %s)', async (local) => {
        const replace = ({ path }: Source): void => {
            renameSync(path, `${path}.old`);
            appendFileSync(path, 'another file');
        };
        const { scene, source, encode } = await encodeWhile('replaced', replace, local);
        expect(await encode.ended).toMatchObject({ status: 0 });
        renameSync(`${source.path}.old`, source.path);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });
});
