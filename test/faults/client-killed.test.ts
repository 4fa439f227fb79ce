/** kill -9 of the command, and Ctrl-C, in the middle of uploads. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectDelivered, leavesOf } from './helpers/evidence.js';
import { EncodeProcess } from './helpers/process.js';
import { faultCount, testRandom } from './helpers/random.js';
import { MIB, newScene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

const KILLS = faultCount(20);
/** The most chunks that a command has in flight, each of which is lost when it is killed. */
const CHUNKS_IN_FLIGHT = 6;

it(
    `${KILLS + 1} commands, all but the last one killed, send a file hardly more than once`,
    async () => {
        const random = testRandom('client killed');
        const scene = await newScene();
        const { home, proxy } = scene;
        const source = writeSource(join(home.outputs, 'clip.yuv'), 32, random);
        let receivedBefore = 0;
        for (let left = KILLS; left > 0; left -= 1) {
            await proxy.gate.holdBodiesAfter(0);
            const encode = scene.encode(source);
            const handshake = await encode.event('handshake');
            const received = Number(handshake['receivedBytes']);
            expect(handshake['status']).toBe('approved');
            expect(received).toBeGreaterThanOrEqual(receivedBefore);
            receivedBefore = received;
            // What is missing is shared among those that are left, so none sees the end.
            const missing = source.sizeBytes - received;
            const share = Math.min((2 * missing) / (left + 1), missing - 2);
            await proxy.gate.holdBodiesAfter(1 + random.below(share));
            await delay(random.below(20));
            await encode.end('SIGKILL');
            expect(encode.last('job')).toBeUndefined();
            // What it had sent is lost on its way, or arrives when it is long gone.
            const mayComplete = missing <= (CHUNKS_IN_FLIGHT + 1) * MIB;
            if (mayComplete || random.below(2) === 0) proxy.cutAll();
            proxy.gate.open();
            await proxy.idle();
        }
        expect(receivedBefore).toBeGreaterThan(0);

        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(Number(encode.last('handshake')?.['receivedBytes'])).toBeGreaterThan(0);
        expect(Number(encode.last('done')?.['uploadedBytes'])).toBeLessThan(source.sizeBytes);
        const lostAtMost = KILLS * CHUNKS_IN_FLIGHT * MIB;
        expect(proxy.bodyBytes).toBeLessThanOrEqual(source.sizeBytes + lostAtMost);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    },
    5 * 60_000,
);

it('Ctrl-C leaves an upload that the same command continues', async () => {
    const scene = await newScene();
    const { home, proxy, env } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 16, testRandom('interrupted'));
    const command = [
        ...['encode', source.path, ...source.rawOptions, '--preset', 'ultrafast', '--no-logo'],
        ...['-o', 'clip.hevc', '--progress', 'plain'],
    ];
    const options = { env, cwd: home.outputs };

    const spent = proxy.gate.holdBodiesAfter(6.5 * MIB);
    const interrupted = new EncodeProcess(command, options);
    await spent;
    // Of 6.5 MiB in several chunks at least three are whole.
    await expect.poll(() => leavesOf(scene)).toBeGreaterThanOrEqual(3);
    expect(await interrupted.end('SIGINT')).toEqual({ status: 130, signal: null });
    const last = interrupted.messages.at(-1) ?? '';
    expect(last).toMatch(/interrupted: the same command continues the upload at about \d+ %$/);
    expect(interrupted.output).toEqual([]);

    proxy.cutAll();
    proxy.gate.open();
    await proxy.idle();
    proxy.bodyBytes = 0;
    const next = new EncodeProcess(command, options);
    expect(await next.ended).toMatchObject({ status: 0 });
    const said = next.messages.find((line) => line.includes('continuing an earlier upload at'));
    const percent = Number(/ at (\d+) %$/.exec(said ?? '')?.[1]);
    expect(percent).toBeGreaterThanOrEqual(18);
    expect(percent).toBeLessThan(40);
    expect(proxy.bodyBytes).toBeLessThan(source.sizeBytes * (1 - percent / 100) + MIB);
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});
