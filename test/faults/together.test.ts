/** The same file from several sides at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newToken, sendChunk, TestClient } from '../helpers/daemon.js';
import { fileIdOf } from '../../src/protocol/file-id.js';
import { evidenceOf, expectDelivered } from './helpers/evidence.js';
import { testRandom } from './helpers/random.js';
import { MIB, newScene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

/** Options that make each request another one. */
const QPS = ['24', '30', '36'];

it('the completing chunk counts once, however often and for how many jobs it comes', async () => {
    const { home, daemon, proxy, ...scene } = await newScene();
    const source = writeSource(join(home.outputs, 'clip.yuv'), 4, testRandom('completing chunk'));
    const bytes = readFileSync(source.path);
    const token = newToken();
    const clients = await Promise.all(QPS.map(() => TestClient.connect(home.url, token)));
    const replies = await Promise.all(
        clients.map((client, index) =>
            client.request({
                type: 'encode.request',
                file: {
                    ...{ id: fileIdOf(bytes), name: 'clip.yuv', size: bytes.length, kind: 'raw' },
                    raw: { width: 640, height: 360, fps: '25', pixelFormat: 'yuv420p' },
                },
                options: {
                    ...{ preset: 'ultrafast', container: 'hevc', logo: { enabled: false } },
                    kvazaar: ['--qp', QPS[index]],
                },
            }),
        ),
    );
    const uploads = replies.map(({ upload }) => (upload as { id: string }).id);
    const [uploadId = ''] = uploads;
    expect(new Set(uploads).size).toBe(1);

    const chunks = Math.ceil(bytes.length / MIB);
    const send = async (number: number): Promise<Response> =>
        sendChunk(home.url, {
            ...{ token, uploadId, number, chunkSize: MIB, totalSize: bytes.length },
            body: bytes.subarray((number - 1) * MIB, number * MIB),
        });
    for (let number = 1; number < chunks; number += 1) await send(number);
    const answers = await Promise.all(Array.from({ length: 24 }, async () => send(chunks)));
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
    await Promise.all(
        clients.map(async (client, index) =>
            client.waitForState(replies[index]?.['jobId'], 'ready'),
        ),
    );
    const evidence = evidenceOf({ daemon });
    expect([...evidence.timesQueued.values()]).toEqual(QPS.map(() => 1));
    await expectDelivered({ home, daemon, proxy, ...scene }, source, { jobs: QPS.length });
});

it('commands that send one file with different options at once share its upload', async () => {
    const scene = await newScene();
    const source = writeSource(join(scene.home.outputs, 'clip.yuv'), 12, testRandom('options'));
    const commands = QPS.map((qp) => scene.encode(source, '-o', `${qp}.hevc`, '--', '--qp', qp));
    const endings = await Promise.all(commands.map(async ({ ended }) => ended));
    expect(endings.map(({ status }) => status)).toEqual([0, 0, 0]);
    const jobs = new Set(commands.map((command) => command.last('done')?.['jobId']));
    expect(jobs.size).toBe(QPS.length);
    expect([...evidenceOf(scene).timesQueued.values()]).toEqual(QPS.map(() => 1));
    const outputs = QPS.map((qp) => `${qp}.hevc`);
    await expectDelivered(scene, source, { jobs: QPS.length, outputs });
});

it('commands that make the same request at once share its job', async () => {
    const scene = await newScene();
    const source = writeSource(join(scene.home.outputs, 'clip.yuv'), 12, testRandom('same'));
    const outputs = ['one.hevc', 'two.hevc'];
    // Both are in the middle of it before either can be done.
    const passed = scene.proxy.gate.holdBodiesAfter(3 * MIB);
    const commands = outputs.map((output) => scene.encode(source, '-o', output));
    await Promise.all(commands.map((command) => command.event('handshake')));
    await passed;
    scene.proxy.gate.open();
    const endings = await Promise.all(commands.map(async ({ ended }) => ended));
    expect(endings.map(({ status }) => status)).toEqual([0, 0]);
    const [one, two] = commands.map((command) => command.last('handshake'));
    expect(two?.['jobId']).toBe(one?.['jobId']);
    expect([...evidenceOf(scene).timesQueued.values()]).toEqual([1]);
    await expectDelivered(scene, source, { outputs });
});
