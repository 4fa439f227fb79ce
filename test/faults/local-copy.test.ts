/** Files that the daemon reads itself, and what makes it be sent them after all. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import { expectDelivered, expectNothingKept } from './helpers/evidence.js';
import { testRandom } from './helpers/random.js';
import { MIB, newScene, type Scene } from './helpers/scene.js';
import { writeSource, type Source } from './helpers/source.js';

const SIZE_MIB = 16;

async function localScene(name: string): Promise<{ scene: Scene; source: Source }> {
    const scene = await newScene({ settings: { localCopy: true } });
    const path = join(scene.home.outputs, 'clip.yuv');
    return { scene, source: writeSource(path, SIZE_MIB, testRandom(name)) };
}

it('arrive whole without a byte of them in any request', async () => {
    const { scene, source } = await localScene('read');
    const encode = scene.encode(source, '-o', 'clip.hevc');
    expect(await encode.ended).toMatchObject({ status: 0 });
    expect(scene.proxy).toMatchObject({ bodyBytes: 0, localBytes: source.sizeBytes });
    expect(encode.last('upload')).toMatchObject({ sentBytes: source.sizeBytes });
    expect(encode.last('done')).toMatchObject({ uploadedBytes: source.sizeBytes });
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});

describe('a file is sent', () => {
    const keyOf = ({ daemon }: Scene): string => join(daemon.dataDir, 'local.key');
    const reasons: [string, (scene: Scene) => void, (source: Source) => number][] = [
        ['where the key cannot be read', (scene) => rmSync(keyOf(scene)), () => 0],
        [
            // As through a tunnel: two chunks are asked for before the first is refused.
            'where the key is that of another daemon',
            (scene) => writeFileSync(keyOf(scene), `${'0'.repeat(64)}\n`),
            () => 2 * MIB,
        ],
        [
            'by a command that is not to leave its reading to the daemon',
            ({ env }) => (env['KVZ_CLOUD_LOCAL_COPY'] = 'false'),
            () => 0,
        ],
    ];
    it.each(reasons)('%s', async (name, prepare, askedAtMost) => {
        const { scene, source } = await localScene(name);
        prepare(scene);
        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(scene.proxy.bodyBytes).toBe(source.sizeBytes);
        expect(scene.proxy.localBytes).toBeLessThanOrEqual(askedAtMost(source));
        // It is nothing that a user has to know.
        expect(encode.all('notice').map(({ message }) => message)).toEqual([]);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });

    it('to a daemon that is not to read any', async () => {
        const { scene, source } = await localScene('not wanted');
        await scene.daemon.stop();
        writeFileSync(
            join(scene.home.folder, 'config.json'),
            JSON.stringify({ chunkSize: '1MiB', localCopy: false }),
        );
        await scene.daemon.start();
        scene.env['KVZ_CLOUD_LOCAL_COPY'] = 'true';
        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(scene.proxy).toMatchObject({ bodyBytes: source.sizeBytes, localBytes: 0 });
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    });
});

it('are read no further once their job is cancelled', async () => {
    const { scene, source } = await localScene('cancelled');
    const passed = scene.proxy.gate.holdBodiesAfter(4.5 * MIB);
    const encode = scene.encode(source, '-o', 'clip.hevc');
    await passed;
    const { jobId } = await encode.event('handshake');
    // By another connection: the proxy holds only chunks.
    expect((await scene.run('cancel', String(jobId))).status).toBe(0);
    scene.proxy.gate.open();
    expect(await encode.ended).toMatchObject({ status: EXIT.jobCancelled });
    expect(scene.proxy.bodyBytes).toBe(0);
    await scene.proxy.idle();
    expectNothingKept(scene);
});
