/** What scripts rely on: the published form of JSON, exit statuses, reruns, limits, examples. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
    chmodSync,
    cpSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    statSync,
    writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { printable } from '../../src/cli/ui/printable.js';
import { EXIT } from '../../src/protocol/errors.js';
import { sharedClip, temporaryFolder as mediaFolder } from '../encoder/helpers/media.js';
import { BIN, newHome, type Home, type JsonEvent } from '../helpers/command.js';
import { rawVideo } from '../helpers/daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = await mediaFolder();
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

type JsonSchema = z.core.JSONSchema.JSONSchema & { $defs: Record<string, JsonSchema> };
const published = JSON.parse(
    readFileSync(join(ROOT, 'docs/json.schema.json'), 'utf8'),
) as JsonSchema;

/** The published schema of one kind of line or document. */
function schemaOf(name: string): z.ZodType {
    const { $defs } = published;
    expect(Object.keys($defs)).toContain(name);
    return z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs });
}

/** Each line fits the schema, and no field of it is left out there. */
function expectLines(name: 'EncodeLine' | 'WatchLine', lines: readonly JsonEvent[]): void {
    const schema = schemaOf(name);
    const prefix = name.slice(0, -'Line'.length);
    for (const line of lines) {
        expect([line, schema.safeParse(line).error]).toEqual([line, undefined]);
        const own = `${prefix}${line.event.charAt(0).toUpperCase()}${line.event.slice(1)}`;
        const described = Object.keys(published.$defs[own]?.properties ?? {});
        expect(described).toEqual(expect.arrayContaining(Object.keys(line)));
        expect(line['version']).toBe(1);
    }
}

const QUICK = ['--raw', '--input-res', '64x64', '--preset', 'ultrafast', '--no-logo'];

function drop(home: Home, name: string, frames = 1): string {
    const path = join(home.outputs, name);
    writeFileSync(path, rawVideo(frames));
    return path;
}

describe('JSON output', () => {
    it('of real runs is as published, line by line and document by document', async () => {
        const home = await newHome();
        drop(home, 'a.yuv');
        drop(home, 'b.yuv');
        writeFileSync(join(home.outputs, 'bad.yuv'), 'no whole frame');
        const encode = await home.runJson('encode', 'a.yuv', ...QUICK);
        expectLines('EncodeLine', encode.events);
        expect(encode.events.map(({ event }) => event)).toContain('upload');
        const detached = await home.runJson('encode', 'b.yuv', ...QUICK, '--detach');
        expectLines('EncodeLine', detached.events);
        expect(detached.events.at(-1)).toMatchObject({ event: 'detached' });
        const jobId = String(detached.events.at(-1)?.['jobId']);
        const bad = await home.runJson('encode', 'bad.yuv', ...QUICK);
        expectLines('EncodeLine', bad.events);
        expect(bad.events.at(-1)).toMatchObject({ event: 'error' });
        const watch = await home.runJson(
            ...[
                'watch',
                '.',
                '-o',
                'out',
                '--once',
                '--settle',
                '0.2',
                '--on-done',
                'move',
                ...QUICK,
            ],
        );
        expectLines('WatchLine', watch.events);
        expect(new Set(watch.events.map(({ event }) => event))).toEqual(
            new Set([
                'watching',
                'hash',
                'handshake',
                'job',
                'download',
                'done',
                'moved',
                'error',
                'ended',
            ]),
        );

        const documents: [string, string[]][] = [
            ['WaitDocument', ['wait', jobId, 'nosuchjob']],
            ['JobsDocument', ['jobs']],
            ['JobDocument', ['job', jobId]],
            ['FramesDocument', ['job', jobId, '--frames']],
            ['LogsDocument', ['logs', jobId]],
            ['DownloadDocument', ['download', jobId, '-o', 'fetched.mkv']],
            ['CancelDocument', ['cancel', jobId, 'nosuchjob']],
            ['RetryDocument', ['retry', jobId]],
            ['PrioritiseDocument', ['prioritise', jobId, '--priority', '3']],
            ['TokenCreateDocument', ['token', 'create', 'ci']],
            ['TokenListDocument', ['token', 'list']],
            ['TokenRevokeDocument', ['token', 'revoke', 'ci']],
            ['QueuePauseDocument', ['queue', 'pause']],
            ['QueueResumeDocument', ['queue', 'resume']],
            ['ContextsDocument', ['context', 'list']],
            ['RemoveDocument', ['remove', jobId, 'nosuchjob']],
            ['OptionsDocument', ['options']],
            ['OptionDocument', ['options', 'qp']],
            ['DaemonStatusDocument', ['daemon', 'status']],
            ['DoctorDocument', ['doctor']],
            ['ConfigDocument', ['config']],
        ];
        for (const [name, args] of documents) {
            const { stdout } = await home.run(...args, '--json');
            const parsed = schemaOf(name).safeParse(JSON.parse(stdout));
            expect([name, stdout, parsed.error]).toEqual([name, stdout, undefined]);
        }
    });

    it('has no control characters and no redrawing without a terminal', async () => {
        const home = await newHome();
        drop(home, 'a.yuv', 50);
        const { status, stdout, stderr } = await home.run(
            'encode',
            'a.yuv',
            ...QUICK,
            '--progress',
            'ui',
        );
        expect(status).toBe(0);
        const text = `${stdout}${stderr}`;
        expect(text).toBe(text.split('\n').map(printable).join('\n'));
    });
});

describe('running it again', () => {
    it('fetches nothing that is there already, and replaces what is not the result', async () => {
        const home = await newHome();
        drop(home, 'a.yuv', 3);
        const encode = ['encode', 'a.yuv', '-o', 'a.mkv', ...QUICK];
        const first = await home.runJson(...encode);
        const output = join(home.outputs, 'a.mkv');
        const sha256 = createHash('sha256').update(readFileSync(output)).digest('hex');
        expect(first.events.at(-1)).toMatchObject({ event: 'done', sha256 });
        const inode = statSync(output).ino;

        expect((await home.run(...encode)).status).toBe(EXIT.usage);
        const again = await home.runJson(...encode, '--force');
        expect(again.status).toBe(0);
        expect(again.events.at(-1)).toMatchObject({
            event: 'done',
            unchanged: true,
            uploadedBytes: 0,
        });
        expect(statSync(output).ino).toBe(inode);

        writeFileSync(output, 'something else');
        const replaced = await home.runJson(...encode, '--force');
        expect(replaced.events.at(-1)).not.toHaveProperty('unchanged');
        expect(createHash('sha256').update(readFileSync(output)).digest('hex')).toBe(sha256);
    });

    it('gives up after its timeout, while the job goes on', async () => {
        const home = await newHome();
        await home.run('daemon', 'start');
        // The job cannot end by itself before the time is over.
        await home.run('queue', 'pause');
        drop(home, 'long.yuv');
        const encode = ['encode', 'long.yuv', '-o', 'long.mkv', ...QUICK];
        const detached = await home.runJson(...encode, '--detach');
        const jobId = String(detached.events.at(-1)?.['jobId']);
        const waited = await home.run('wait', jobId, '--timeout', '1s', '--json');
        expect(waited.status).toBe(EXIT.timedOut);
        expect(JSON.parse(waited.stdout)).toMatchObject([
            { id: jobId, error: { code: 'TIMED_OUT' } },
        ]);
        const limited = await home.runJson(...encode, '--timeout', '1s');
        expect(limited.status).toBe(EXIT.timedOut);
        expect(limited.events.at(-1)).toMatchObject({ event: 'error', code: 'TIMED_OUT' });
        await home.run('queue', 'resume');
        expect((await home.run('wait', jobId)).status).toBe(0);
        expect((await home.runJson(...encode)).events.at(-1)).toMatchObject({
            event: 'done',
            jobId,
        });
        expect((await home.run('encode', 'long.yuv', '--timeout', 'soon')).status).toBe(EXIT.usage);
    });

    it('waits for several jobs and ends with the status of the worst', async () => {
        const home = await newHome();
        drop(home, 'good.yuv');
        writeFileSync(join(home.outputs, 'bad.mkv'), 'This is not a video.\n');
        const good = (await home.run('encode', 'good.yuv', ...QUICK, '--detach')).stdout.trim();
        const bad = (await home.run('encode', 'bad.mkv', '--detach')).stdout.trim();
        const { status, stdout } = await home.run('wait', good, bad);
        expect(status).toBe(EXIT.jobFailed);
        expect(stdout.split('\n').sort()).toEqual(['', `${bad} failed`, `${good} ready`].sort());
        expect((await home.run('wait', good, 'nosuchjob')).status).toBe(EXIT.rejected);
        expect((await home.run('wait', good)).status).toBe(0);
    });
});

describe('a CI run', () => {
    it('gets a summary of what was done, whatever files are called', async () => {
        const home = await newHome();
        const summary = join(temporaryFolder(), 'summary.md');
        writeFileSync(summary, 'Earlier.\n');
        const env = { ...home.env, GITHUB_STEP_SUMMARY: summary };
        drop(home, 'a|b <i>.yuv');
        writeFileSync(join(home.outputs, 'bad.yuv'), 'x');
        for (const args of [
            ['encode', 'a|b <i>.yuv', 'bad.yuv', ...QUICK],
            ['watch', '.', '-o', 'out', '--once', '--settle', '0.2', '--match', 'a*', ...QUICK],
        ]) {
            spawnSync(process.execPath, [BIN, ...args], { env, cwd: home.outputs });
        }
        const lines = readFileSync(summary, 'utf8').split('\n');
        expect(lines.slice(0, 2)).toEqual(['Earlier.', '### kvz-cloud encode']);
        const rows = lines.filter((line) => line.startsWith('| a') || line.startsWith('| bad'));
        const cells = rows.map((line) => line.slice(2).split(' | ').slice(0, 2).join(': '));
        expect(cells.sort()).toEqual([
            'a\\|b &lt;i&gt;.yuv: a\\|b &lt;i&gt;.hevc.mkv',
            'a\\|b &lt;i&gt;.yuv: out/a\\|b &lt;i&gt;.hevc.mkv',
            expect.stringMatching(/^bad\.yuv: \*\*RAW\\_SIZE\\_MISMATCH\*\*/),
        ]);
    });

    /** A project with clips, and the commands that a runner has: only npm's network is left out. */
    async function newProject(): Promise<{ home: Home; env: NodeJS.ProcessEnv }> {
        const home = await newHome();
        const bin = temporaryFolder();
        const script = (name: string, text: string): void => {
            writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
            chmodSync(join(bin, name), 0o755);
        };
        script('kvz-cloud', `exec "${process.execPath}" "${BIN}" "$@"`);
        script('npm', '[ "$*" = "install --global kvz-cloud" ]');
        mkdirSync(join(home.outputs, 'clips', 'day'), { recursive: true });
        const clip = await sharedClip('asl-walk.mkv', folder);
        cpSync(clip, join(home.outputs, 'clips', 'day', 'walk.mkv'));
        cpSync(clip, join(home.outputs, 'clips', 'walk.mkv'));
        const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
        return { home, env: { ...home.env, CI: 'true', PATH: path } };
    }

    /** Runs a script as the runners do. */
    function shell(text: string, env: NodeJS.ProcessEnv, cwd: string): void {
        const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', text], {
            ...{ env, cwd },
            encoding: 'utf8',
        });
        expect({ status, text, stdout, stderr }).toMatchObject({ status: 0 });
    }

    const example = (name: string): string => readFileSync(join(ROOT, 'examples/ci', name), 'utf8');

    it('works as in the example for GitHub Actions, also when it is run again', async () => {
        const { jobs } = parse(example('github-actions.yml')) as {
            jobs: Record<string, { steps: { run?: string }[] }>;
        };
        expect(Object.keys(jobs)).toEqual(['encode', 'submit']);
        const { home, env } = await newProject();
        for (const { steps } of [jobs['encode'], jobs['encode'], jobs['submit']].filter(
            (job) => job !== undefined,
        )) {
            for (const { run } of steps) if (run !== undefined) shell(run, env, home.outputs);
        }
        const encoded = readdirSync(join(home.outputs, 'encoded'), { recursive: true });
        expect(encoded.map(String).sort()).toEqual(['day', 'day/walk.hevc.mkv', 'walk.hevc.mkv']);
        expect(readdirSync(join(home.outputs, 'collected'))).toEqual(['walk.hevc.mkv']);
    });

    it('works as in the example for GitLab, also when it is run again', async () => {
        const { encode } = parse(example('gitlab-ci.yml')) as {
            encode: { before_script: string[]; script: string[] };
        };
        const { home, env } = await newProject();
        const text = [...encode.before_script, ...encode.script].join('\n');
        shell(text, env, home.outputs);
        shell(text, env, home.outputs);
        const encoded = readdirSync(join(home.outputs, 'encoded'), { recursive: true });
        expect(encoded.map(String)).toHaveLength(2);
        const lines = readFileSync(join(home.outputs, 'watch.ndjson'), 'utf8').trim().split('\n');
        expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'ended', done: 0, known: 2 });
    });
});
