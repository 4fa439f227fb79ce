/** The examples of docs/LIBRARY.md, in a package that depends on this one. */
import { execFile } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { connect, KvzError } from '../../src/client/index.js';
import {
    buildExamples,
    dependentPackage,
    documentedExamples,
} from '../helpers/dependent-package.js';
import { newHome } from '../helpers/command.js';
import { gatedKvazaar } from '../helpers/gated-kvazaar.js';
import { ffmpeg } from '../encoder/helpers/media.js';

const execute = promisify(execFile);

const examples = documentedExamples('docs/LIBRARY.md');

it('the documented examples are well typed, run, and print nothing of their own', async () => {
    const home = await newHome();
    const folder = dependentPackage();
    await ffmpeg(
        ...['-f', 'lavfi', '-i', 'testsrc2=size=128x96:rate=25:duration=0.4'],
        ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', join(folder, 'clip.mp4')],
    );
    mkdirSync(join(folder, 'results'));
    expect(examples).toHaveLength(2);
    await buildExamples(folder, examples);

    const run = async (i: number): Promise<string> => {
        const script = join(folder, `built/${i}.js`);
        const options = { cwd: folder, env: home.env };
        const { stdout, stderr } = await execute(process.execPath, [script], options);
        expect(stderr).toBe('');
        return stdout;
    };
    const first = await run(0);
    expect(first).toMatch(/^(?:(?:queued|probing|encoding|packaging|ready) ?[\d.]* ?\n)+job /);
    expect(first).toMatch(/made \S*clip\.hevc\.mp4, luma PSNR \d+\.\d+ dB\n$/);
    expect(statSync(join(folder, 'clip.hevc.mp4')).size).toBeGreaterThan(1000);

    const second = await run(1);
    expect(second).toMatch(/ready \d* ?end\n\/\S*results\/clip\.hevc\.mkv\n$/);
    expect(statSync(join(folder, 'results/clip.hevc.mkv')).size).toBeGreaterThan(1000);
});

it('a signal ends an encode, and errors have codes', async () => {
    const home = await newHome();
    // The job cannot end before it is cancelled.
    const env = { ...home.env, KVZ_CLOUD_KVAZAAR: gatedKvazaar().path };
    await expect(connect({ env })).rejects.toMatchObject({ code: 'UNREACHABLE', exit: 4 });
    await expect(connect({ env, context: 'nowhere' })).rejects.toMatchObject({ code: 'USAGE' });

    const clip = join(home.outputs, 'clip.yuv');
    writeFileSync(clip, new Uint8Array(64 * 64 * 1.5 * 2));
    const raw = { width: 64, height: 64, fps: '25', pixelFormat: 'yuv420p' };
    const client = await connect({ env, startDaemon: true });
    try {
        const controller = new AbortController();
        const { signal } = controller;
        const encode = client.encode(clip, {
            raw,
            signal,
            onEvent: (event) => {
                if (event.event === 'job' && event.state === 'encoding') controller.abort();
            },
        });
        const error: unknown = await encode.catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(KvzError);
        expect(error).toMatchObject({ code: 'INTERRUPTED', jobId: expect.any(String) as string });
        const [job] = await client.jobs();
        expect(await client.cancel(job?.id ?? '')).toMatchObject({ state: 'cancelled' });
        const bad = client.encode(clip, { raw, kvazaar: ['--qp', '99'] });
        await expect(bad).rejects.toMatchObject({ code: 'BAD_OPTIONS' });
        await expect(client.job('none')).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
    } finally {
        client.close();
    }
});
