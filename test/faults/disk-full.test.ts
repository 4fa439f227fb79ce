/** A daemon whose disk is full, from the beginning or in the middle of an upload. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import {
    expectDelivered,
    expectNoClientFiles,
    expectNothingKept,
    leavesOf,
} from './helpers/evidence.js';
import { testRandom } from './helpers/random.js';
import { MIB, newScene } from './helpers/scene.js';
import { mountProblem, SmallDisk } from './helpers/small-disk.js';
import { writeSource } from './helpers/source.js';

it('a file that does not fit is refused before anything is sent', async () => {
    const scene = await newScene({ settings: { freeSpaceFloor: '1000T' } });
    const source = writeSource(join(scene.home.outputs, 'clip.yuv'), 4, testRandom('refused'));
    const encode = scene.encode(source);
    expect(await encode.ended).toMatchObject({ status: EXIT.rejected });
    expect(encode.last('error')).toMatchObject({
        code: 'NO_SPACE',
        message: `clip.yuv needs ${source.sizeBytes} bytes; the daemon has 0 to give`,
    });
    expect(scene.proxy.posts).toBe(0);
    expectNothingKept(scene);
    expectNoClientFiles(scene, source);
});

const problem = mountProblem();
const reason = problem === undefined ? '' : ` (not tried here: ${problem})`;

describe.skipIf(problem !== undefined)(`a disk that fills up during an upload${reason}`, () => {
    const DISK_MIB = 48;
    const SOURCE_MIB = 16;

    it('holds it until there is space again', async () => {
        const disk = new SmallDisk(DISK_MIB);
        const scene = await newScene({
            settings: { freeSpaceFloor: 0 },
            dataDir: join(disk.folder, 'data'),
        });
        const source = writeSource(
            join(scene.home.outputs, 'clip.yuv'),
            SOURCE_MIB,
            testRandom('disk full'),
        );
        const passed = scene.proxy.gate.holdBodiesAfter(5.5 * MIB);
        const encode = scene.encode(source, '-o', 'clip.hevc');
        await passed;
        disk.fill();
        scene.proxy.gate.open();
        await encode.line((line) => line.includes('the disk of the daemon is full'));
        await scene.proxy.nextPost();
        disk.relieve();
        expect(await encode.ended).toMatchObject({ status: 0 });
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });

    it('loses nothing when the daemon is killed there, too', async () => {
        const disk = new SmallDisk(DISK_MIB);
        const scene = await newScene({
            settings: { freeSpaceFloor: 0 },
            dataDir: join(disk.folder, 'data'),
        });
        const { daemon, proxy } = scene;
        const source = writeSource(
            join(scene.home.outputs, 'clip.yuv'),
            SOURCE_MIB,
            testRandom('disk full, daemon killed'),
        );
        const passed = proxy.gate.holdBodiesAfter(5.5 * MIB);
        const interrupted = scene.encode(source);
        await passed;
        await expect.poll(() => leavesOf(scene)).toBeGreaterThan(0);
        disk.fill();
        proxy.gate.open();
        await interrupted.line((line) => line.includes('the disk of the daemon is full'));
        await daemon.kill();
        expect(await interrupted.end('SIGINT')).toMatchObject({ status: EXIT.interrupted });
        await proxy.idle();

        disk.relieve();
        await daemon.start();
        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(Number(encode.last('handshake')?.['receivedBytes'])).toBeGreaterThanOrEqual(MIB);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });
});
