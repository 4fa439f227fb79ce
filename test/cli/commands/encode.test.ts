/** `kvz-cloud encode` as a user runs it, against a scripted daemon. */
import { randomBytes } from 'node:crypto';
import {
    existsSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    utimesSync,
    writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileIdOf } from '../../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../../src/protocol/limits.js';
import { computeProof } from '../../../src/protocol/proof.js';
import { FakeDaemon } from '../helpers/fake-daemon.js';
import { jsonLines, runCli, startCli } from '../helpers/run-cli.js';
import type { CliOptions, CliResult, RunningCli } from '../helpers/run-cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const CLIP = randomBytes(3 * LEAF_BYTES + 99);

let daemon: FakeDaemon;
let cwd: string;
let options: CliOptions;

beforeEach(async () => {
    daemon = await new FakeDaemon().listen();
    cwd = temporaryFolder();
    options = { cwd, home: temporaryFolder(), server: daemon.url, token: daemon.token };
    writeFileSync(join(cwd, 'clip.mp4'), CLIP);
});

afterEach(async () => {
    await daemon.close();
});

const encode = (...args: string[]): Promise<CliResult> => runCli(['encode', ...args], options);
const start = (...args: string[]): RunningCli => startCli(['encode', ...args], options);

/** The files beside the clip, in order. */
const results = (): string[] => readdirSync(cwd).filter((name) => name !== 'clip.mp4');

describe('encode', () => {
    it('brings the result to its place and sums up', async () => {
        const { status, stdout, stderr } = await encode('clip.mp4');
        expect(status).toBe(0);
        expect(readFileSync(join(cwd, 'clip.hevc.mkv'))).toEqual(daemon.result);
        expect(results()).toEqual(['clip.hevc.mkv']);
        expect(stdout).toMatch(/^clip\.mp4 (→|->) clip\.hevc\.mkv\n {2}3\.15 MB (→|->) 16 B \(/);
        expect(stdout).toContain('100 frames, 0:04, encoded at 33.3 fps, 123 kbit/s');
        expect(stdout).toContain('PSNR 42.25 dB');
        expect(stderr).toContain('kvz-cloud: clip.mp4: uploading');
        const [request] = daemon.messages('encode.request');
        expect(request).toMatchObject({
            file: { name: 'clip.mp4', size: CLIP.length, kind: 'container', id: fileIdOf(CLIP) },
            options: {
                preset: 'medium',
                container: 'mkv',
                kvazaar: [],
                logo: { enabled: true },
            },
            priority: 0,
        });
    });

    it('hands on what is asked for', async () => {
        const { status } = await encode(
            ...['clip.mp4', '-o', 'out.mp4', '--preset', 'fast', '--no-logo'],
            ...['--priority', '7', '--', '--qp', '27', '--gop=8'],
        );
        expect(status).toBe(0);
        expect(results()).toEqual(['out.mp4']);
        expect(daemon.messages('encode.request')[0]).toMatchObject({
            options: {
                preset: 'fast',
                container: 'mp4',
                kvazaar: ['--qp', '27', '--gop=8'],
                logo: { enabled: false },
            },
            priority: 7,
        });
    });

    it('takes what a profile says, flags before it', async () => {
        const logo = join(options.home, 'logo.png');
        writeFileSync(logo, 'an image');
        const web = { preset: 'slow', container: 'mp4', kvazaar: ['--qp', '30'], priority: 3 };
        const profiles = { web: { ...web, logo: 'logo.png', logoSeconds: 2 }, other: {} };
        writeFileSync(join(options.home, 'config.json'), JSON.stringify({ profiles }));
        const flags = ['--profile', 'web', '--preset', 'fast', '--', '--qp', '20'];
        expect((await encode('clip.mp4', ...flags)).status).toBe(0);
        expect(results()).toEqual(['clip.hevc.mp4']);
        expect(daemon.messages('encode.request')[0]).toMatchObject({
            options: {
                preset: 'fast',
                container: 'mp4',
                kvazaar: ['--qp', '30', '--qp', '20'],
                logo: { enabled: true, seconds: 2, image: readFileSync(logo, 'base64') },
            },
            priority: 3,
        });
        const unknown = await encode('clip.mp4', '--profile', 'wbe');
        expect(unknown.status).toBe(2);
        expect(unknown.stderr).toMatch(
            /--profile wbe: there is no such profile; .* has web, other/,
        );
    });

    it('mirrors a folder, and refuses one without --recursive', async () => {
        mkdirSync(join(cwd, 'tree', 'sub'), { recursive: true });
        writeFileSync(join(cwd, 'tree', 'a.mov'), randomBytes(10));
        writeFileSync(join(cwd, 'tree', 'sub', 'b.mov'), randomBytes(20));
        const refused = await encode('tree', '-o', 'out');
        expect(refused.status).toBe(2);
        expect(refused.stderr).toBe(
            'kvz-cloud: tree: is a folder; --recursive takes the videos in it\n',
        );
        expect((await encode('tree', '-r', '-o', 'out', '-q')).status).toBe(0);
        expect(
            new Set(readdirSync(join(cwd, 'out'), { recursive: true, encoding: 'utf8' })),
        ).toEqual(new Set(['a.hevc.mkv', 'sub', 'sub/b.hevc.mkv']));
    });

    it('says with --dry-run what would be done, and does nothing', async () => {
        daemon.answer = (message) =>
            message.type === 'encode.check' && message.file.name === 'known.mp4'
                ? { type: 'encode.checked', status: 'queued' }
                : undefined;
        writeFileSync(join(cwd, 'known.mp4'), randomBytes(2_000));
        const plain = await encode('clip.mp4', 'known.mp4', '--dry-run', '-o', 'new/');
        expect(plain.status).toBe(0);
        expect(plain.stdout.replaceAll('→', '->').split('\n')).toEqual([
            'clip.mp4 -> new/clip.hevc.mkv',
            '  3.15 MB would be sent',
            'known.mp4 -> new/known.hevc.mkv',
            '  nothing would be sent, the daemon has its 2.00 kB',
            '',
        ]);
        const json = jsonLines((await encode('clip.mp4', '--dry-run', '--json')).stdout);
        expect(json).toEqual([
            expect.objectContaining({
                event: 'plan',
                output: join(cwd, 'clip.hevc.mkv'),
                inputBytes: CLIP.length,
                sendBytes: CLIP.length,
                fileId: fileIdOf(CLIP),
                status: 'approved',
            }),
        ]);
        expect(daemon.messages('encode.request')).toEqual([]);
        expect(results()).toEqual(['known.mp4']);
        writeFileSync(join(cwd, 'clip.hevc.mkv'), 'mine');
        const blocked = await encode('clip.mp4', '--dry-run');
        expect(blocked.status).toBe(2);
        expect(blocked.stderr).toContain('is there already');
    });

    it('reads stdin and writes stdout', async () => {
        const running = start('-', '-o', '-', '--name', 'take.ts');
        running.child.stdin?.end(CLIP);
        const { status, stdout, stderr } = await running.result;
        expect(status).toBe(0);
        expect(stdout).toBe(daemon.result.toString());
        expect(stderr.replaceAll('→', '->')).toContain('kvz-cloud: stdin -> stdout\n');
        expect(daemon.messages('encode.request')[0]?.file).toMatchObject({
            name: 'take.ts',
            id: fileIdOf(CLIP),
        });
        expect(readdirSync(join(options.home, 'cache', 'spool'))).toEqual([]);
    });

    it.each([
        [['-'], 'a video from stdin needs -o'],
        [['-', '-', '-o', 'x/'], 'stdin is given twice'],
        [['clip.mp4', '--name', 'x'], '--name is for a video from stdin'],
        [['-', '-o', 'x.mkv', '--name', 'a/b'], 'without folders'],
        [['clip.mp4', '-o', '-', '--json'], '--json and -o - would both write to stdout'],
        [['clip.mp4', '-o', '-', '--detach'], 'no result that could go to stdout'],
        [['clip.mp4', 'other.mp4', '-o', '-'], 'takes the result of one input'],
    ])('refuses %j', async (args, problem) => {
        const { status, stderr, stdout } = await encode(...args);
        expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
        expect(stderr).toContain(problem);
        expect(daemon.received).toEqual([]);
    });

    it('points out a result that is larger than its source', async () => {
        writeFileSync(join(cwd, 'tiny.mp4'), 'x');
        const { stdout } = await encode('tiny.mp4');
        expect(stdout).toContain('note: the output is larger than its input; a higher --qp');
        expect((await encode('clip.mp4')).stdout).not.toContain('larger');
    });

    it('says nothing with --quiet when all is well', async () => {
        const { status, stdout, stderr } = await encode('clip.mp4', '--quiet');
        expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    it('describes raw video', async () => {
        writeFileSync(join(cwd, 'a.yuv'), randomBytes(1_000));
        const flags = ['--input-res', '16x16', '--input-fps', '29.97', '--input-format', 'NV12'];
        expect((await encode('a.yuv', '--raw', ...flags)).status).toBe(0);
        const raw = { width: 16, height: 16, fps: '30000/1001', pixelFormat: 'nv12' };
        expect(daemon.messages('encode.request')[0]?.file).toMatchObject({ kind: 'raw', raw });
        expect(daemon.messages('options.validate')[0]?.raw).toEqual(raw);
    });

    it('writes JSON lines and nothing else to stdout', async () => {
        const { status, stdout } = await encode('clip.mp4', '--json');
        expect(status).toBe(0);
        const lines = jsonLines(stdout);
        for (const line of lines) {
            expect(line).toMatchObject({ event: expect.any(String), file: 'clip.mp4' });
            expect(new Date(String(line['time'])).toISOString()).toBe(line['time']);
        }
        const kinds = [...new Set(lines.map(({ event }) => event))];
        expect(kinds).toEqual(['hash', 'handshake', 'upload', 'job', 'download', 'done']);
        const of = (event: string): object[] => lines.filter((line) => line['event'] === event);
        const totalBytes = CLIP.length;
        const [job] = daemon.jobs.values();
        expect(of('hash').at(-1)).toMatchObject({ bytes: totalBytes, totalBytes });
        expect(of('handshake')).toEqual([
            expect.objectContaining({
                status: 'approved',
                jobId: job?.id,
                fileId: fileIdOf(CLIP),
                receivedBytes: 0,
            }),
        ]);
        expect(of('upload').at(-1)).toMatchObject({ sentBytes: totalBytes, totalBytes });
        expect(of('job').map((line) => 'state' in line && line.state)).toEqual(
            expect.arrayContaining(['encoding', 'ready']),
        );
        expect(of('job')).toContainEqual(
            expect.objectContaining({ frame: 50, frames: 100, fps: 25, percent: 50, psnr: 41.5 }),
        );
        expect(lines.at(-1)).toMatchObject({
            event: 'done',
            jobId: job?.id,
            output: join(cwd, 'clip.hevc.mkv'),
            inputBytes: totalBytes,
            outputBytes: daemon.result.length,
            frames: 100,
            seconds: expect.any(Number),
            uploadedBytes: totalBytes,
            psnr: 42.25,
        });
    });

    it('sends nothing when the file is there already', async () => {
        const job = daemon.addJob({ state: 'queued' });
        daemon.answer = ({ type }) =>
            type === 'encode.request'
                ? { type: 'encode.reply', status: 'queued', jobId: job.id }
                : undefined;
        const running = start('clip.mp4', '--json');
        await running.saw('"state":"queued"');
        daemon.finish(job.id);
        const { status, stdout } = await running.result;
        expect(status).toBe(0);
        expect(jsonLines(stdout).at(-1)).toMatchObject({ event: 'done', uploadedBytes: 0 });
        expect(stdout).not.toContain('"event":"upload"');
    });

    it('takes the result of the same request made before, and says so', async () => {
        expect((await encode('clip.mp4')).status).toBe(0);
        const { status, stderr, stdout } = await encode('clip.mp4', '-o', 'again.mkv');
        const [job] = daemon.jobs.values();
        expect(status).toBe(0);
        expect(stderr).toContain(`made before as job ${job?.id}; taking its result`);
        expect(stdout).toContain('nothing sent');
        expect(readFileSync(join(cwd, 'again.mkv'))).toEqual(daemon.result);
    });

    it('fails on the same request made before where that is wanted', async () => {
        await encode('clip.mp4');
        const flags = ['-o', 'again.mkv', '--fail-on-duplicate', '--json'];
        const { status, stdout, stderr } = await encode('clip.mp4', ...flags);
        const [job] = daemon.jobs.values();
        expect(status).toBe(3);
        expect(stderr).toBe('kvz-cloud: made before\n');
        expect(jsonLines(stdout).at(-1)).toMatchObject({
            event: 'error',
            code: 'DUPLICATE_REQUEST',
            jobId: job?.id,
        });
        expect(existsSync(join(cwd, 'again.mkv'))).toBe(false);
    });

    it('proves that the file is here when it is asked to', async () => {
        const nonce = 'ab'.repeat(32);
        const leaves = [0, 3];
        let asked = 0;
        const job = daemon.addJob({ state: 'queued' });
        daemon.answer = (message) => {
            if (message.type === 'encode.request') {
                const challenge = { id: `c${++asked}`, nonce, leaves };
                return { type: 'encode.reply', status: 'challenge', challenge };
            }
            if (message.type !== 'encode.prove') return undefined;
            // The first challenge is lost, as when the daemon was restarted.
            return message.challenge === 'c1'
                ? { type: 'error', code: 'UNKNOWN_CHALLENGE', message: 'which?' }
                : { type: 'encode.reply', status: 'queued', jobId: job.id };
        };
        const running = start('clip.mp4', '--detach');
        expect(await running.result).toMatchObject({ status: 0, stdout: `${job.id}\n` });
        const parts = leaves.map((leaf) =>
            CLIP.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES),
        );
        const proof = await computeProof(nonce, parts);
        expect(daemon.messages('encode.prove').map((message) => message.proof)).toEqual([
            proof,
            proof,
        ]);
    });

    it('prints the id and returns with --detach once the upload is complete', async () => {
        daemon.onFile = () => undefined;
        const { status, stdout } = await encode('clip.mp4', '--detach');
        const [job] = daemon.jobs.values();
        expect({ status, stdout }).toEqual({ status: 0, stdout: `${job?.id}\n` });
        expect(job?.state).toBe('queued');
        expect(results()).toEqual([]);
    });

    it('does not read an unchanged file again', async () => {
        const longAgo = new Date('2020-01-01T00:00:00Z');
        utimesSync(join(cwd, 'clip.mp4'), longAgo, longAgo);
        await encode('clip.mp4', '--json');
        const { stdout } = await encode('clip.mp4', '--json', '--force');
        const [hash] = jsonLines(stdout);
        expect(hash).toMatchObject({ event: 'hash', cached: true, bytes: CLIP.length });
    });

    it('encodes several files, and its exit status is that of the worst', async () => {
        writeFileSync(join(cwd, 'b.mp4'), 'another one');
        daemon.onFile = (job) => {
            if (job.name === 'b.mp4') {
                const failure = { code: 'NO_VIDEO', message: 'there is no video in it' };
                daemon.update(job.id, { state: 'failed', failure });
            } else {
                daemon.finish(job.id);
            }
        };
        const { status, stdout, stderr } = await encode('clip.mp4', 'b.mp4', 'missing.mp4');
        expect(status).toBe(5);
        expect(stdout).toContain('clip.hevc.mkv');
        expect(stderr).toContain('kvz-cloud: b.mp4: there is no video in it\n');
        expect(stderr).toContain('kvz-cloud: missing.mp4: no such file\n');
        expect(results()).toEqual(['b.mp4', 'clip.hevc.mkv']);
    });

    it('makes the folder that -o is written as', async () => {
        writeFileSync(join(cwd, 'b.mp4'), 'another one');
        const dry = await encode('clip.mp4', 'b.mp4', '-o', 'new/folder/', '--dry-run');
        expect(dry.status).toBe(0);
        expect(results()).toEqual(['b.mp4']);
        expect((await encode('clip.mp4', 'b.mp4', '-o', 'new/folder/')).status).toBe(0);
        expect(readdirSync(join(cwd, 'new/folder'))).toEqual(['b.hevc.mkv', 'clip.hevc.mkv']);
    });

    it('takes --container for an ending that is of none', async () => {
        const { status } = await encode('clip.mp4', '-o', 'clip.avi', '--container', 'mp4');
        expect(status).toBe(0);
        expect(results()).toEqual(['clip.avi']);
    });

    it('says what raw video needs', async () => {
        writeFileSync(join(cwd, 'a.yuv'), 'bare frames');
        daemon.onFile = (job) => {
            const failure = { code: 'INPUT_NOT_MEDIA', message: 'no video' };
            daemon.update(job.id, { state: 'failed', failure });
        };
        const { status, stderr } = await encode('a.yuv');
        expect(status).toBe(5);
        expect(stderr).toContain('kvz-cloud: no video; raw video needs --raw --input-res WxH');
    });
});

describe('an encode that cannot be', () => {
    it.each([
        [['missing.mp4'], 2, 'missing.mp4: no such file'],
        [['.'], 2, '.: is a folder'],
        [['empty.mp4'], 3, 'empty.mp4: the file is empty'],
        [
            ['clip.mp4', '-o', 'no/such/folder/x.mkv'],
            2,
            'cannot be written: there is no such folder',
        ],
        [['clip.mp4', 'there.mkv', '-o', 'new'], 2, 'must be a folder; -o new/ makes it'],
        [['clip.mp4', '-o', 'clip.avi'], 2, '-o clip.avi: results are .mkv, .mp4 or .hevc'],
        [['clip.mp4', '-o', 'there.mkv'], 2, 'is there already; --force replaces it'],
        [['clip.mp4', '--raw'], 2, '--raw needs --input-res'],
        [['clip.mp4', '--raw', '--input-res', '1x'], 2, '--input-res 1x: expected WIDTHxHEIGHT'],
        [['clip.mp4', '--input-fps', '25'], 2, '--input-fps is for raw video: add --raw'],
        [['clip.mp4', '--container', 'avi'], 2, 'Allowed choices are hevc, mp4, mkv'],
        [['clip.mp4', '--priority', 'high'], 2, 'expected a whole number from -100 to 100'],
        [['clip.mp4', '--prset', 'fast'], 2, "unknown option '--prset' (Did you mean --preset?)"],
        [[], 2, "missing required argument 'file'"],
        [['clip.mp4', '--preset', 'bogus'], 3, 'no preset "bogus"'],
    ])('%j: exit status %i, one line', async (args, expected, message) => {
        writeFileSync(join(cwd, 'empty.mp4'), '');
        writeFileSync(join(cwd, 'there.mkv'), 'mine');
        const { status, stdout, stderr } = await encode(...args);
        expect(stderr).toContain(message);
        expect(stderr).toMatch(/^kvz-cloud: [^\n]+\n$/);
        expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
        expect(daemon.messages('encode.request')).toEqual([]);
        expect(results()).toEqual(['empty.mp4', 'there.mkv']);
        expect(readFileSync(join(cwd, 'there.mkv'), 'utf8')).toBe('mine');
    });

    it('tells usage errors as JSON, too', async () => {
        const { status, stdout } = await encode('clip.mp4', 'b.mp4', '-o', 'one.mkv', '--json');
        expect(status).toBe(2);
        expect(jsonLines(stdout)).toEqual(
            ['clip.mp4', 'b.mp4'].map((file) =>
                expect.objectContaining({ event: 'error', file, code: 'USAGE' }),
            ),
        );
    });

    it('does not read a file that is over the limit', async () => {
        daemon.limitBytes = CLIP.length - 1;
        const { status, stdout, stderr } = await encode('clip.mp4', '--json');
        expect(status).toBe(3);
        expect(stderr).toMatch(/^kvz-cloud: clip\.mp4: 3145827 bytes are over the limit of \d+\n$/);
        expect(jsonLines(stdout).map(({ event }) => event)).toEqual(['error']);
    });

    it('ends at Ctrl-C also when the daemon does not answer', async () => {
        daemon.answer = ({ type }) => (type === 'encode.request' ? 'silence' : undefined);
        const running = start('clip.mp4');
        await running.saw('hashing');
        await daemon.message('encode.request');
        running.child.kill('SIGINT');
        expect(await running.result).toMatchObject({ status: 130, stdout: '' });
    });

    it('tells a refusal of the daemon by its code', async () => {
        daemon.answer = ({ type }) =>
            type === 'encode.request'
                ? {
                      type: 'encode.reply',
                      status: 'rejected',
                      code: 'SOMETHING_NEW',
                      message: 'for a reason of later days',
                  }
                : undefined;
        const { status, stdout, stderr } = await encode('clip.mp4', '--json');
        expect(status).toBe(3);
        expect(stderr).toBe('kvz-cloud: for a reason of later days (SOMETHING_NEW)\n');
        expect(jsonLines(stdout).slice(-2)).toEqual([
            expect.objectContaining({
                event: 'handshake',
                status: 'rejected',
                code: 'SOMETHING_NEW',
                fileId: fileIdOf(CLIP),
            }),
            expect.objectContaining({ event: 'error', code: 'REJECTED' }),
        ]);
    });

    it('tells why a job failed, and what can be done', async () => {
        daemon.onFile = ({ id }) => {
            const failure = { code: 'NO_VIDEO', message: 'no video', hint: 'try another' };
            daemon.update(id, { state: 'failed', failure });
        };
        const { status, stdout, stderr } = await encode('clip.mp4', '--json');
        expect(status).toBe(5);
        expect(stderr).toBe('kvz-cloud: no video (try another)\n');
        expect(jsonLines(stdout).at(-1)).toMatchObject({
            event: 'error',
            code: 'JOB_FAILED',
            failure: { code: 'NO_VIDEO' },
        });
        expect(results()).toEqual([]);
    });

    it('tells that a job was cancelled', async () => {
        daemon.onFile = ({ id }) => daemon.update(id, { state: 'cancelled' });
        const { status } = await encode('clip.mp4');
        expect(status).toBe(6);
    });

    it('tells that no daemon answers', async () => {
        await daemon.close();
        const { status, stderr } = await encode('clip.mp4', '--no-start');
        expect(status).toBe(4);
        expect(stderr).toBe(
            `kvz-cloud: no daemon runs at ${options.server}; "kvz-cloud daemon start" starts one\n`,
        );
    });

    it('tells that the token is not accepted', async () => {
        const { status } = await runCli(['encode', 'clip.mp4'], {
            ...options,
            token: 'another-token-than-that',
        });
        expect(status).toBe(4);
    });
});

describe('an encode that is disturbed', () => {
    it('goes on after the daemon was away, and sends nothing twice', async () => {
        daemon.chunkFault = ({ number, attempt }) => {
            if (number !== 3 || attempt > 1) return undefined;
            void daemon.close().then(() => daemon.listen());
            return { cut: 0 };
        };
        const { status, stderr } = await encode('clip.mp4');
        expect(stderr).toContain('the daemon is there again');
        expect(status).toBe(0);
        const [upload] = daemon.uploads.values();
        expect(upload?.attempts.get(1)).toBe(1);
        expect(readFileSync(join(cwd, 'clip.hevc.mkv'))).toEqual(daemon.result);
    });

    it('goes on with an upload that somebody else has completed', async () => {
        daemon.chunkFault = ({ number }) => {
            const [upload] = daemon.uploads.values();
            if (number !== 2 || !upload) return undefined;
            daemon.finish(upload.jobId);
            return { status: 404, code: 'UNKNOWN_UPLOAD' };
        };
        const { status } = await encode('clip.mp4');
        expect(status).toBe(0);
        expect(readFileSync(join(cwd, 'clip.hevc.mkv'))).toEqual(daemon.result);
    });

    it('leaves an upload that the same command continues when it is interrupted', async () => {
        daemon.chunkFault = ({ number }) => (number > 2 ? { hang: true } : undefined);
        const running = start('clip.mp4', '--json');
        await daemon.stored(2 * LEAF_BYTES);
        running.child.kill('SIGINT');
        const { status, stdout, stderr } = await running.result;
        expect(status).toBe(130);
        expect(stderr).toMatch(/kvz-cloud: interrupted: the same command continues the upload/);
        expect(jsonLines(stdout).at(-1)).toMatchObject({ event: 'error', code: 'INTERRUPTED' });
        expect(results()).toEqual([]);

        daemon.chunkFault = () => undefined;
        const again = await encode('clip.mp4');
        expect(again.stderr).toContain('continuing an earlier upload at 66 %');
        expect(again.status).toBe(0);
        const [upload] = daemon.uploads.values();
        expect([1, 2].map((number) => upload?.attempts.get(number))).toEqual([1, 1]);
    });

    it('says how to get the result when it is interrupted later', async () => {
        daemon.onFile = ({ id }) => daemon.update(id, { state: 'encoding' });
        const running = start('clip.mp4');
        await running.saw('encoding');
        running.child.kill('SIGTERM');
        const { status, stderr } = await running.result;
        const [job] = daemon.jobs.values();
        expect(status).toBe(130);
        expect(stderr).toContain(`"kvz-cloud download ${job?.id}" gets its result`);
    });

    it('cancels an upload whose file has changed', async () => {
        daemon.chunkFault = ({ number }) => {
            if (number === 1) writeFileSync(join(cwd, 'clip.mp4'), 'no longer the same');
            return undefined;
        };
        const { status, stderr } = await encode('clip.mp4');
        expect(status).toBe(3);
        expect(stderr).toContain('clip.mp4: the file changed while it was being read');
        const [job] = daemon.jobs.values();
        expect(job?.state).toBe('cancelled');
    });
});
