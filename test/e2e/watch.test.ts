/** Watched folders, with the built command, a real daemon and real encodes. */
import { execFileSync } from 'node:child_process';
import {
    appendFileSync,
    closeSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    openSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    utimesSync,
    writeFileSync,
    writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import { DaemonProcess } from '../faults/helpers/daemon-process.js';
import { EncodeProcess } from '../faults/helpers/process.js';
import type { JsonEvent } from '../faults/helpers/process.js';
import { mountProblem, SmallDisk } from '../faults/helpers/small-disk.js';
import { newHome, type Home } from '../helpers/command.js';
import { rawVideo } from '../helpers/daemon.js';

/** Files of the burst: 300 is what was promised, fewer are enough for each run of the tests. */
const BURST = Number(process.env['KVZ_CLOUD_WATCH_FILES'] ?? 24);

/** What makes an encode of raw video short. */
const QUICK = [
    ...['--raw', '--input-res', '64x64', '--preset', 'ultrafast', '--no-logo'],
    ...['--container', 'hevc'],
];

interface Scene {
    home: Home;
    /** The watched folder, and the one for results. */
    input: string;
    output: string;
    watch: (...more: string[]) => EncodeProcess;
    /** Writes a clip of its own content into the watched folder. */
    drop: (name: string, frames?: number) => string;
    jobCount: () => Promise<number>;
}

async function newScene(output?: string): Promise<Scene> {
    const home = await newHome();
    const input = join(home.outputs, 'in');
    mkdirSync(input);
    const drop = (name: string, frames = 1): string => {
        const path = join(input, name);
        writeFileSync(path, rawVideo(frames));
        return path;
    };
    return {
        home,
        input,
        output: output ?? join(home.outputs, 'out'),
        watch: (...more) =>
            new EncodeProcess(
                [
                    'watch',
                    'in',
                    '-o',
                    output ?? 'out',
                    '--settle',
                    '0.4',
                    '--json',
                    ...QUICK,
                    ...more,
                ],
                { env: home.env, cwd: home.outputs },
            ),
        drop,
        jobCount: async () => {
            const { stdout } = await home.run('jobs', '--json', '-n', '1000');
            return (JSON.parse(stdout) as unknown[]).length;
        },
    };
}

const isFor =
    (file: string) =>
    (event: JsonEvent): boolean =>
        event['file'] === join('in', file);

/** Results in a folder, and that each is a stream of its own. */
function results(folder: string): string[] {
    return readdirSync(folder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.hevc'))
        .sort();
}

describe('watch', () => {
    it(`encodes ${BURST} files that come at once, each once, though it is killed in the middle`, async () => {
        const scene = await newScene();
        const first = scene.watch();
        await first.event('watching');
        for (let i = 1; i <= BURST; i++) scene.drop(`clip ${i}.yuv`);
        const third = Math.ceil(BURST / 3);
        await first.count('done', third);
        await first.end('SIGKILL');

        const second = scene.watch();
        await second.event('watching');
        const before = first.all('done').length;
        await second.count('done', 2 * third - before);
        expect(await second.end('SIGTERM')).toEqual({ status: EXIT.interrupted, signal: null });

        const last = scene.watch('--once');
        expect(await last.ended).toEqual({ status: 0, signal: null });
        expect(results(scene.output)).toEqual(
            Array.from({ length: BURST }, (_, i) => `clip ${i + 1}.hevc.hevc`).sort(),
        );
        const left = readdirSync(scene.output).filter((name) => name.startsWith('.'));
        expect(left).toEqual([]);
        expect(await scene.jobCount()).toBe(BURST);
    }, 600_000);

    it('takes no file that is being written', async () => {
        const scene = await newScene();
        // Longer than the pauses of the writer below, also on a machine that holds it up.
        const watch = scene.watch('--settle', '2.5');
        await watch.event('watching');
        const clip = rawVideo(4);
        const quarter = clip.length / 4;
        // Written in bursts that are closed in between; held open and silent; under another name.
        const slow = join(scene.input, 'slow.yuv');
        for (let i = 0; i < 4; i++) {
            appendFileSync(slow, clip.subarray(i * quarter, (i + 1) * quarter));
            await delay(150);
        }
        const open = join(scene.input, 'open.yuv');
        const handle = openSync(open, 'w');
        const openClip = rawVideo(2);
        writeSync(handle, openClip.subarray(0, openClip.length / 2));
        const fetched = scene.drop('fetched.yuv.part', 3);
        scene.drop('.hidden.yuv');
        scene.drop('copying.yuv.crdownload');
        scene.drop('backup.yuv~');
        // A file that comes later than all of these is done: they had their chance.
        scene.drop('later.yuv');
        await watch.event('done', isFor('later.yuv'));
        expect(await watch.event('done', isFor('slow.yuv'))).toMatchObject({
            inputBytes: clip.length,
            frames: 4,
        });
        scene.drop('last.yuv');
        await watch.event('done', isFor('last.yuv'));
        expect(results(scene.output)).toEqual([
            'last.hevc.hevc',
            'later.hevc.hevc',
            'slow.hevc.hevc',
        ]);

        writeSync(handle, openClip.subarray(openClip.length / 2));
        closeSync(handle);
        expect(await watch.event('done', isFor('open.yuv'))).toMatchObject({ frames: 2 });
        renameSync(fetched, join(scene.input, 'fetched.yuv'));
        expect(await watch.event('done', isFor('fetched.yuv'))).toMatchObject({ frames: 3 });
        await watch.end('SIGINT');
        expect(await scene.jobCount()).toBe(5);
    });

    it('encodes nothing again that was renamed, touched, copied, or is its own result', async () => {
        const scene = await newScene(join('in', 'out'));
        const output = join(scene.input, 'out');
        scene.drop('a.yuv');
        const watch = scene.watch('--recursive');
        await watch.event('done', isFor('a.yuv'));
        // A storm of names, the last of which stays.
        let path = join(scene.input, 'a.yuv');
        for (let i = 0; i < 50; i++) {
            const next = join(scene.input, `name ${i}.yuv`);
            renameSync(path, next);
            path = next;
        }
        await watch.event('known', isFor('name 49.yuv'));
        const time = Date.now() / 1000 - 5;
        utimesSync(path, time, time);
        await watch.event('known', ({ file }) => {
            const seen = watch.events.filter(
                (event) => event.event === 'known' && event['file'] === file,
            );
            return file === join('in', 'name 49.yuv') && seen.length >= 2;
        });
        copyFileSync(path, join(scene.input, 'copy.yuv'));
        await watch.event('known', isFor('copy.yuv'));
        // Its own result under a name like an input's.
        copyFileSync(join(output, 'a.hevc.hevc'), join(scene.input, 'result.yuv'));
        expect(await watch.event('known', isFor('result.yuv'))).toMatchObject({ reason: 'output' });
        await watch.end('SIGINT');

        const again = scene.watch('--recursive', '--once');
        expect(await again.ended).toEqual({ status: 0, signal: null });
        expect(again.last('ended')).toMatchObject({ done: 0, failed: 0, known: 3 });
        expect(results(output)).toEqual(['a.hevc.hevc']);
        expect(await scene.jobCount()).toBe(1);
        // Other options are other work.
        const other = scene.watch('--once', '--', '--qp', '40');
        expect(await other.ended).toEqual({ status: 0, signal: null });
        expect(other.last('ended')).toMatchObject({ done: 1 });
    });

    it('mirrors folders, deletes inputs whose results are there, and moves what fails', async () => {
        const scene = await newScene();
        mkdirSync(join(scene.input, 'day 1', 'cam'), { recursive: true });
        scene.drop('day 1/cam/x.yuv');
        scene.drop('x.yuv');
        scene.drop('x.raw');
        writeFileSync(join(scene.input, 'day 1', 'short.yuv'), 'no whole frame');
        const options = ['--once', '--recursive', '--on-done', 'delete'];
        const watch = scene.watch(...options);
        expect(await watch.ended).toEqual({ status: EXIT.jobFailed, signal: null });
        expect(watch.last('ended')).toMatchObject({ done: 3, failed: 1, known: 0, left: 0 });
        // Two inputs of one name get results of two names.
        expect(results(scene.output)).toEqual([
            'day 1/cam/x.hevc.hevc',
            'x.2.hevc.hevc',
            'x.hevc.hevc',
        ]);
        const left = readdirSync(scene.input, { recursive: true, withFileTypes: true });
        expect(
            left
                .filter((entry) => entry.isFile())
                .map(({ name }) => name)
                .sort(),
        ).toEqual(['short.yuv', 'short.yuv.txt']);
        const reason = readFileSync(join(scene.input, 'failed/day 1/short.yuv.txt'), 'utf8');
        expect(reason).toMatch(/^code +RAW_SIZE_MISMATCH$/m);
        expect(await scene.watch(...options).ended).toEqual({ status: 0, signal: null });

        // A result that is not there any more keeps its input.
        const kept = scene.drop('kept.yuv');
        expect(await scene.watch('--once').ended).toMatchObject({ status: 0 });
        appendFileSync(join(scene.output, 'kept.hevc.hevc'), 'x');
        const careful = scene.watch(...options);
        expect(await careful.ended).toMatchObject({ status: 0 });
        expect(careful.last('kept')?.['message']).toMatch(/not the result any more/);
        expect(existsSync(kept)).toBe(true);
        // Moving never overwrites.
        mkdirSync(join(scene.input, 'done'));
        writeFileSync(join(scene.input, 'done', 'kept.yuv'), 'mine');
        const moving = scene.watch('--once', '--on-done', 'move');
        expect(await moving.ended).toMatchObject({ status: 0 });
        expect(readdirSync(join(scene.input, 'done')).sort()).toEqual(['kept.2.yuv', 'kept.yuv']);
        expect(readFileSync(join(scene.input, 'done', 'kept.yuv'), 'utf8')).toBe('mine');
        expect(existsSync(kept)).toBe(false);
    });

    it.each([[[]], [['--poll', '0.5']]])(
        'goes on when the folder went away and is there again (%j)',
        async (options) => {
            const scene = await newScene();
            const watch = scene.watch(...options);
            scene.drop('first.yuv');
            await watch.event('done', isFor('first.yuv'));
            const away = join(scene.home.outputs, 'away');
            renameSync(scene.input, away);
            await watch.event('folder', ({ state }) => state === 'gone');
            writeFileSync(join(away, 'meanwhile.yuv'), rawVideo(1));
            renameSync(away, scene.input);
            await watch.event('folder', ({ state }) => state === 'back');
            await watch.event('done', isFor('meanwhile.yuv'));
            scene.drop('after.yuv');
            await watch.event('done', isFor('after.yuv'));
            // Removed and made anew: the system's watches were on the old one.
            rmSync(scene.input, { recursive: true });
            mkdirSync(scene.input);
            scene.drop('anew.yuv');
            await watch.event('done', isFor('anew.yuv'));
            await watch.end('SIGINT');
            expect(await scene.jobCount()).toBe(4);
        },
    );

    it('bears a daemon that is killed and started again', async () => {
        const scene = await newScene();
        const port = Number(new URL(scene.home.url).port);
        const daemon = new DaemonProcess(scene.home.folder, scene.home.env, port);
        await daemon.start();
        const watch = scene.watch('--no-start');
        for (let i = 1; i <= 6; i++) scene.drop(`clip${i}.yuv`, 20);
        await watch.event('job', ({ state }) => state === 'encoding');
        await daemon.kill();
        await watch.line((line) => line.includes('waiting for the daemon'));
        scene.drop('meanwhile.yuv');
        await daemon.start();
        await watch.event('done', isFor('meanwhile.yuv'));
        await watch.count('done', 7);
        expect(watch.events.filter(({ event }) => event === 'error')).toEqual([]);
        await watch.end('SIGINT');
        expect(results(scene.output)).toHaveLength(7);
    });

    it('leaves a folder that another watch has', async () => {
        const scene = await newScene();
        const watch = scene.watch();
        await watch.event('watching');
        const { status, stderr } = await scene.home.run('watch', 'in', '-o', 'elsewhere', '--once');
        expect(status).toBe(EXIT.usage);
        expect(stderr).toMatch(/another kvz-cloud watches this folder/);
        expect(existsSync(join(scene.home.outputs, 'elsewhere'))).toBe(false);
    });

    it('ends after its timeout, and the next run goes on', async () => {
        const scene = await newScene();
        scene.drop('one.yuv');
        scene.drop('two.yuv');
        // The jobs cannot end before the time is over.
        await scene.home.run('daemon', 'start');
        await scene.home.run('queue', 'pause');
        const watch = scene.watch('--once', '--timeout', '1s');
        expect(await watch.ended).toEqual({ status: EXIT.timedOut, signal: null });
        await scene.home.run('queue', 'resume');
        expect(await scene.watch('--once').ended).toEqual({ status: 0, signal: null });
        expect(results(scene.output)).toEqual(['one.hevc.hevc', 'two.hevc.hevc']);
    });

    it('shows lines to people, and says what it left alone', async () => {
        const scene = await newScene();
        scene.drop('clip.yuv');
        writeFileSync(join(scene.input, 'empty.yuv'), '');
        writeFileSync(join(scene.input, 'notes.txt'), 'no video');
        const handle = openSync(scene.drop('open.yuv'), 'a');
        onTestFinished(() => closeSync(handle));
        const { status, stdout, stderr } = await scene.home.run(
            ...['watch', 'in', '-o', 'out', '--once', '--settle', '0.4', ...QUICK],
        );
        expect(stdout.split('\n')[0]).toMatch(/^in\/clip\.yuv (→|->) out\/clip\.hevc\.hevc$/);
        const lines = stderr.trimEnd().split('\n').sort();
        expect(lines).toEqual([
            'kvz-cloud: 1 encoded, 0 failed, 2 left alone',
            'kvz-cloud: in/empty.yuv: left alone, it is empty',
            'kvz-cloud: in/open.yuv: left alone, a program has it open for writing',
            'kvz-cloud: watching in; results go to out',
        ]);
        expect(status).toBe(0);
    });

    const problem = mountProblem();
    it.skipIf(problem !== undefined)('waits while the disk for results is full', async () => {
        const disk = new SmallDisk(2);
        const scene = await newScene(disk.folder);
        const watch = scene.watch('--on-done', 'delete');
        await watch.event('watching');
        disk.fill();
        const inputs = Array.from({ length: 5 }, (_, i) => scene.drop(`clip${i}.yuv`));
        await watch.event('hold', ({ code }) => code === 'OUTPUT_UNWRITABLE');
        expect(inputs.every((path) => existsSync(path))).toBe(true);
        expect(results(disk.folder)).toEqual([]);
        disk.relieve();
        await watch.event('resume');
        await watch.count('deleted', inputs.length);
        expect(inputs.some((path) => existsSync(path))).toBe(false);
        await watch.end('SIGINT');
        expect(results(disk.folder)).toHaveLength(5);
        expect(await scene.jobCount()).toBe(5);
        // The same for a folder for results that goes away as a whole.
        const lost = await newScene();
        const other = lost.watch();
        await other.event('watching');
        rmSync(lost.output, { recursive: true });
        lost.drop('clip.yuv');
        await other.event('hold');
        mkdirSync(lost.output);
        await other.event('done', isFor('clip.yuv'));
    });

    it.skipIf(problem !== undefined)('takes a mount over the folder for another one', async () => {
        const scene = await newScene();
        const watch = scene.watch();
        await watch.event('watching');
        scene.drop('below.yuv');
        await watch.event('done', isFor('below.yuv'));
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', scene.input]);
        onTestFinished(() => {
            execFileSync('umount', ['--lazy', scene.input]);
        });
        scene.drop('above.yuv');
        await watch.event('done', isFor('above.yuv'));
        expect(results(scene.output)).toEqual(['above.hevc.hevc', 'below.hevc.hevc']);
    });
});
