/** The way that users take, with the real programs: command, daemon, upload, encode, download. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
    lstatSync,
    readdirSync,
    readFileSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
    audioLag,
    frameTimes,
    packetTimes,
    probeFile,
    psnrByFrame,
} from '../encoder/helpers/measure.js';
import {
    binaryOutput,
    ffmpeg,
    programs,
    sharedClip,
    temporaryFolder,
} from '../encoder/helpers/media.js';
import { BIN, newHome, type Home, type JsonEvent } from '../helpers/command.js';

const folder = await temporaryFolder();

const last = (events: readonly JsonEvent[]): JsonEvent => {
    const event = events.at(-1);
    if (!event) throw new Error('the command said nothing');
    return event;
};

/** What the daemon of a home still has on its disk. */
function leftovers(home: Home): string[] {
    return ['sources', 'results', 'work'].flatMap((name) =>
        readdirSync(join(home.folder, 'data', name)).map((file) => `${name}/${file}`),
    );
}

describe('encode', () => {
    it.each(['mp4', 'mkv', 'hevc'] as const)(
        'gives %s in which every frame and sound is in its place',
        async (container) => {
            const home = await newHome();
            const source = await sharedClip('car-detection.mp4', folder);
            const output = join(home.outputs, `result.${container}`);
            const { status, events } = await home.runJson(
                ...['encode', source, '--preset', 'ultrafast', '-o', output],
            );
            expect(last(events)).toMatchObject({ event: 'done', output });
            expect(status).toBe(0);

            const sourceTimes = await frameTimes({ path: source });
            const logoFrames = 13; // one second at 12.5 fps
            const resultTimes = await frameTimes({ path: output });
            expect(resultTimes).toHaveLength(sourceTimes.length + logoFrames);
            expect(last(events)['frames']).toBe(resultTimes.length);

            // A frame in the place of another one has some 25 dB, not over 40.
            const psnr = await psnrByFrame(
                { path: output },
                { path: source },
                { frames: sourceTimes.length },
            );
            expect(psnr).toHaveLength(sourceTimes.length);
            expect(Math.min(...psnr)).toBeGreaterThan(40);

            const { streams } = await probeFile(output);
            if (container === 'hevc') {
                // An elementary stream has no times and no sound.
                expect(streams.map((stream) => stream.codec_name)).toEqual(['hevc']);
                return;
            }
            const late = sourceTimes.filter(
                (time, i) => Math.abs(time - (resultTimes[i] ?? Number.NaN)) > 1e-6,
            );
            expect(late).toEqual([]);
            expect(streams.map((stream) => stream.codec_name)).toEqual(['hevc', 'aac']);
            const [sourcePackets, packets] = [await packetTimes(source), await packetTimes(output)];
            expect(packets).toHaveLength(sourcePackets.length);
            const shifted = packets.filter(
                (time, i) => Math.abs(time - (sourcePackets[i] ?? Number.NaN)) > 0.003,
            );
            expect(shifted).toEqual([]);
        },
    );

    it('keeps sound that can be heard in sync', async () => {
        const home = await newHome();
        const source = join(folder, 'sound.mp4');
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30000/1001:duration=4'],
            ...['-f', 'lavfi', '-i', 'anoisesrc=color=pink:seed=7:duration=4:sample_rate=44100'],
            ...['-c:v', 'mpeg4', '-q:v', '3', '-c:a', 'aac', source],
        );
        for (const container of ['mp4', 'mkv']) {
            const output = join(home.outputs, `result.${container}`);
            const { status } = await home.run(
                'encode',
                source,
                '--preset',
                'ultrafast',
                '-o',
                output,
            );
            expect(status).toBe(0);
            const lags = await audioLag({ path: source }, { path: output }, [0.2, 1.5, 3]);
            for (const lag of lags) expect(Math.abs(lag)).toBeLessThan(1 / 30);
        }
    });

    it('says each step as one line of JSON, the last one with the numbers', async () => {
        const home = await newHome();
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const { status, events } = await home.runJson(
            ...['encode', source, '--no-logo', '--container', 'mp4'],
            ...['-o', 'joy.mp4', '--', '--qp', '30'],
        );
        expect(status).toBe(0);
        for (const event of events) {
            expect(event['file']).toBe(source);
            expect(new Date(String(event['time'])).toISOString()).toBe(event['time']);
        }
        const names = events.map((event) => event.event);
        expect([...new Set(names)]).toEqual([
            'hash',
            'handshake',
            'upload',
            'job',
            'download',
            'done',
        ]);
        expect(events.find((event) => event.event === 'handshake')).toMatchObject({
            status: 'approved',
            fileId: expect.stringMatching(/^[0-9a-f]{64}$/),
        });
        const size = statSync(source).size;
        expect(last(events)).toMatchObject({
            frames: 10,
            inputBytes: size,
            uploadedBytes: size,
            outputBytes: statSync(join(home.outputs, 'joy.mp4')).size,
            psnr: expect.any(Number),
            seconds: expect.any(Number),
        });
        // 270 lines are no multiple of kvazaar's 8, and must not show.
        expect((await probeFile(join(home.outputs, 'joy.mp4'))).streams[0]).toMatchObject({
            width: 480,
            height: 270,
        });
    });

    it('takes raw video, and tells what is lost of ten bits', async () => {
        const home = await newHome();
        const source = await sharedClip('src01_576x324_yuv420p10le.yuv', folder);
        const raw = ['--raw', '--input-res', '576x324', '--input-fps', '25'];
        const { status, events } = await home.runJson(
            ...['encode', ...raw, '--input-format', 'yuv420p10le', source],
            ...['--no-logo', '--preset', 'veryfast', '-o', 'raw.mkv'],
        );
        expect(status).toBe(0);
        expect(last(events)).toMatchObject({ frames: 3 });
        expect(String(last(events)['notes'])).toMatch(/10 bits/);
        const inputArguments = [
            ...['-f', 'rawvideo', '-video_size', '576x324'],
            ...['-pixel_format', 'yuv420p10le', '-framerate', '25'],
        ];
        const psnr = await psnrByFrame(
            { path: join(home.outputs, 'raw.mkv') },
            { path: source, inputArguments },
            { frames: 3, filterB: 'format=yuv420p' },
        );
        // kvazaar measures against the dithered frames that it got, we against the source: apart by
        // the dither, and far above a frame that is read in the wrong format.
        expect(Math.min(...psnr)).toBeGreaterThan(33);
    });

    it("shows a logo of one's own, and decodes all of the result when asked to", async () => {
        const home = await newHome();
        const source = await sharedClip('park_joy_480x270_50fps.y4m', folder);
        const logo = join(folder, 'green.png');
        await ffmpeg('-f', 'lavfi', '-i', 'color=green:size=64x64', '-frames:v', '1', logo);
        const { status, events } = await home.runJson(
            ...['encode', source, '--preset', 'ultrafast', '-o', 'logo.mkv'],
            ...['--logo', logo, '--logo-seconds', '0.5', '--verify'],
        );
        expect(last(events)).toMatchObject({ event: 'done', frames: 10 + 25 });
        expect(status).toBe(0);
        // The middle of the last picture is the logo.
        const pixel = await binaryOutput(programs.ffmpeg, [
            ...['-v', 'error', '-i', join(home.outputs, 'logo.mkv')],
            ...['-vf', 'select=eq(n\\,34),crop=2:2,format=rgb24', '-f', 'rawvideo', '-'],
        ]);
        const [red = 0, green = 0, blue = 0] = pixel;
        expect(green).toBeGreaterThan(red + 60);
        expect(green).toBeGreaterThan(blue + 60);

        const missing = await home.run('encode', source, '--logo', 'no.png', '-o', 'x.mkv');
        expect(missing.status).toBe(2);
        expect(missing.stderr).toMatch(/no\.png/);
        const bad = await home.run('encode', source, '--logo', source, '-o', 'x.mkv');
        expect(bad.status).toBe(2);
        const text = join(folder, 'text.png');
        writeFileSync(text, 'no image');
        const unusable = await home.run('encode', source, '--logo', text, '-o', 'x.mkv');
        expect(unusable.status).toBe(5);
        expect(unusable.stderr).toMatch(/logo/);
    });

    it('refuses to lose bits where that was asked for', async () => {
        const home = await newHome();
        const source = await sharedClip('src01_576x324_yuv420p10le.yuv', folder);
        const result = await home.run(
            ...['encode', source, '--raw', '--input-res', '576x324', '--strict'],
            ...['--input-format', 'yuv420p10le', '-o', 'x.mkv', '--progress', 'none'],
        );
        expect(result.status).toBe(5);
        expect(result.stderr).toMatch(/10 bits/);
    });

    it('sends a file once: other options are queued, the same ones give the same job', async () => {
        const home = await newHome();
        const source = await sharedClip('asl-walk.mkv', folder);
        const encode = ['encode', source, '--preset', 'ultrafast'];
        const first = await home.runJson(...encode, '-o', 'a.mkv');
        const other = await home.runJson(...encode, '-o', 'b.mkv', '--', '--qp', '40');
        const again = await home.runJson(...encode, '-o', 'c.mkv');
        const status = ({ events }: { events: JsonEvent[] }): unknown =>
            events.find((event) => event.event === 'handshake')?.['status'];
        expect([status(first), status(other), status(again)]).toEqual([
            'approved',
            'queued',
            'rejected',
        ]);
        expect(last(other.events)['uploadedBytes']).toBe(0);
        expect(last(again.events)).toMatchObject({
            event: 'done',
            jobId: last(first.events)['jobId'],
            uploadedBytes: 0,
        });
        const bytes = (name: string): Buffer => readFileSync(join(home.outputs, name));
        expect(bytes('c.mkv').equals(bytes('a.mkv'))).toBe(true);
        expect(bytes('b.mkv').length).toBeLessThan(bytes('a.mkv').length);

        const strict = await home.runJson(...encode, '-o', 'd.mkv', '--fail-on-duplicate');
        expect(strict.status).toBe(3);
        expect(last(strict.events)).toMatchObject({
            event: 'error',
            code: 'DUPLICATE_REQUEST',
            jobId: last(first.events)['jobId'],
        });
    });

    it('detaches once the job is queued, and gives the result later', async () => {
        const home = await newHome();
        const source = await sharedClip('asl-walk.mkv', folder);
        const detached = await home.run('encode', source, '--preset', 'ultrafast', '--detach');
        expect(detached.status).toBe(0);
        const jobId = detached.stdout.trim();
        expect(jobId).toMatch(/^\w{16}$/);
        expect((await home.run('wait', jobId)).status).toBe(0);
        const job = await home.run('job', jobId, '--json');
        expect(JSON.parse(job.stdout)).toMatchObject({ id: jobId, state: 'ready' });
        expect((await home.run('download', jobId, '-o', 'later.mkv')).status).toBe(0);
        const { streams } = await probeFile(join(home.outputs, 'later.mkv'));
        expect(streams[0]?.codec_name).toBe('hevc');
        expect((await home.run('remove', jobId)).status).toBe(0);
        expect(leftovers(home)).toEqual([]);
    });

    it('writes next to the input by default and overwrites nothing unasked', async () => {
        const home = await newHome();
        const source = join(home.outputs, 'clip.mkv');
        writeFileSync(source, readFileSync(await sharedClip('asl-walk.mkv', folder)));
        const encode = ['encode', source, '--preset', 'ultrafast', '--container', 'mp4'];
        expect((await home.run(...encode)).status).toBe(0);
        expect(readdirSync(home.outputs).sort()).toEqual(['clip.hevc.mp4', 'clip.mkv']);
        const again = await home.run(...encode);
        expect(again.status).toBe(2);
        expect(again.stderr).toMatch(/clip\.hevc\.mp4/);
        expect((await home.run(...encode, '--force')).status).toBe(0);
        expect(readdirSync(home.outputs).sort()).toEqual(['clip.hevc.mp4', 'clip.mkv']);
    });
});

describe('bad input', () => {
    /** Makes the file, and what is to be said of it. */
    const CASES: [string, () => Promise<Buffer> | Buffer, string[], number, RegExp][] = [
        ['a text file', () => Buffer.from('This is not a video.\n'), [], 5, /no video/],
        ['an empty file', () => Buffer.alloc(0), [], 3, /empty/],
        [
            'a truncated video',
            async () => {
                const bytes = readFileSync(await sharedClip('asl-walk.mkv', folder));
                return bytes.subarray(0, Math.floor(bytes.length * 0.6));
            },
            [],
            5,
            /cut off/,
        ],
        [
            'a video without frames',
            async () => {
                const path = join(folder, 'no-frames.mkv');
                await ffmpeg(
                    ...['-f', 'lavfi', '-i', 'color=size=64x64:duration=1'],
                    ...['-frames:v', '0', '-c:v', 'libx264', path],
                );
                return readFileSync(path);
            },
            [],
            5,
            /no (video|picture|frame)|not a single|without/i,
        ],
        [
            'an audio file',
            async () => {
                const path = join(folder, 'audio.m4a');
                await ffmpeg('-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'aac', path);
                return readFileSync(path);
            },
            [],
            5,
            /no video stream/,
        ],
        ['an unknown preset', () => Buffer.alloc(10), ['--preset', 'warp'], 3, /warp.*ultrafast/],
        ['a QP out of range', () => Buffer.alloc(10), ['--', '--qp', '99'], 3, /--qp.*99.*51/],
        [
            'no folder for the output',
            () => Buffer.alloc(10),
            ['-o', 'no/such.mkv'],
            2,
            /no\/such\.mkv/,
        ],
        ['an unknown flag', () => Buffer.alloc(10), ['--presett', 'fast'], 2, /--presett/],
        [
            'a raw size that does not fit',
            () => Buffer.alloc(10),
            ['--raw', '--input-res', '64x64'],
            3,
            /frames/,
        ],
    ];

    it.each(CASES)('%s is told in one line', async (_, make, args, status, message) => {
        const home = await newHome();
        const source = join(home.outputs, 'input.mkv');
        writeFileSync(source, await make());
        const result = await home.run('encode', source, '--progress', 'none', ...args);
        expect(result.stderr.trim().split('\n')).toHaveLength(1);
        expect(result.stderr).toMatch(message);
        expect(result.status).toBe(status);
        expect(result.stdout).toBe('');
        expect(readdirSync(home.outputs)).toEqual([basename(source)]);
    });

    it('an output that is no file, or leads to the input, is refused even with --force', async () => {
        const home = await newHome();
        const source = join(home.outputs, 'clip.mkv');
        writeFileSync(source, readFileSync(await sharedClip('asl-walk.mkv', folder)));
        symlinkSync('.', join(home.outputs, 'again'));
        const fifo = join(home.outputs, 'pipe.mkv');
        execFileSync('mkfifo', [fifo]);
        for (const output of ['again/clip.mkv', fifo, '/dev/null']) {
            const { status } = await home.run('encode', source, '-o', output, '--force');
            expect([output, status]).toEqual([output, 2]);
        }
        expect(lstatSync(fifo).isFIFO()).toBe(true);
        expect(readFileSync(source).length).toBe(statSync(source).size);
    });

    it('a reader that goes away does not end the work', async () => {
        const home = await newHome();
        const source = await sharedClip('asl-walk.mkv', folder);
        const line = [process.execPath, BIN, 'encode', source, '--json', '--preset', 'ultrafast'];
        const script = `set -o pipefail; "$@" -o out.mkv | head -n 1 > /dev/null`;
        const child = spawnSync('bash', ['-c', script, 'bash', ...line], {
            env: home.env,
            cwd: home.outputs,
        });
        expect(child.status).toBe(0);
        expect(readdirSync(home.outputs)).toEqual(['out.mkv']);

        const jobs = JSON.parse((await home.run('jobs', '--json')).stdout) as { id: string }[];
        const frames = [process.execPath, BIN, 'job', jobs[0]?.id ?? '', '--frames'];
        const unread = spawnSync(
            'bash',
            ['-c', 'set -o pipefail; "$@" | true', 'bash', ...frames],
            {
                env: home.env,
                encoding: 'utf8',
            },
        );
        expect(unread).toMatchObject({ status: 0, stderr: '' });
    });

    it('leaves nothing behind, and the daemon goes on', async () => {
        const home = await newHome();
        const bad = join(home.outputs, 'bad.mp4');
        writeFileSync(bad, 'This is not a video.\n');
        expect((await home.run('encode', bad)).status).toBe(5);
        expect(leftovers(home)).toEqual([]);
        const good = await sharedClip('asl-walk.mkv', folder);
        const after = await home.run('encode', good, '--preset', 'ultrafast', '-o', 'good.mkv');
        expect(after.status).toBe(0);
    });
});
