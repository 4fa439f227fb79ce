/** A network that swallows everything without a word, as when a cable is pulled. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import { expectDelivered, leavesOf } from './helpers/evidence.js';
import { testRandom } from './helpers/random.js';
import { MIB, newScene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

it('an upload goes on by itself after the network was away', async () => {
    const scene = await newScene({ settings: { networkTimeout: '4s' } });
    const { home, proxy } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 16, testRandom('black hole'));
    const passed = proxy.gate.holdBodiesAfter(3.5 * MIB);
    const encode = scene.encode(source, '-o', 'clip.hevc');
    await passed;
    proxy.gate.hold();
    // Both notice by themselves: the connection for messages, and the chunks on their way.
    await encode.line((line) => line.includes('waiting for the daemon'));
    await encode.line((line) => line.includes('sending failed and is tried again'));
    proxy.gate.open();
    expect(await encode.ended).toMatchObject({ status: 0 });
    expect(encode.messages.some((line) => line.includes('the daemon is there again'))).toBe(true);
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});

it('a command gives up in the end, and the next one continues', async () => {
    const scene = await newScene({ settings: { networkTimeout: '4s', giveUpAfter: '5s' } });
    const { home, proxy } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 16, testRandom('gives up'));
    const passed = proxy.gate.holdBodiesAfter(5.5 * MIB);
    const first = scene.encode(source);
    await passed;
    await expect.poll(() => leavesOf(scene)).toBeGreaterThan(0);
    proxy.gate.hold();
    expect(await first.ended).toMatchObject({ status: EXIT.unreachable });
    expect(first.last('error')).toMatchObject({
        code: 'UNREACHABLE',
        jobId: first.last('handshake')?.['jobId'],
        message: expect.stringMatching(/; the same command continues the upload at about \d+ %$/),
    });

    proxy.cutAll();
    proxy.gate.open();
    await proxy.idle();
    // So short of patience, a command on a busy machine could take its daemon for dead.
    writeFileSync(join(home.folder, 'config.json'), JSON.stringify({ chunkSize: '1MiB' }));
    const encode = scene.encode(source, '-o', 'clip.hevc');
    expect(await encode.ended).toMatchObject({ status: 0 });
    expect(Number(encode.last('handshake')?.['receivedBytes'])).toBeGreaterThanOrEqual(MIB);
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});

it('a command whose daemon does not come back says how to go on', async () => {
    const scene = await newScene({ settings: { giveUpAfter: '1s' } });
    const { home, daemon, proxy } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 16, testRandom('daemon gone'));
    const passed = proxy.gate.holdBodiesAfter(5.5 * MIB);
    const encode = scene.encode(source);
    await passed;
    await daemon.kill();
    proxy.cutAll();
    expect(await encode.ended).toMatchObject({ status: EXIT.unreachable });
    expect(encode.last('error')?.['message']).toMatch(
        /; the same command continues the upload at about \d+ %$/,
    );
});
