/** Completion as the shells themselves do it. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMPLETION_SCRIPTS } from '../../src/cli/completion/scripts.js';
import { FakeDaemon } from './helpers/fake-daemon.js';
import { PROGRAM, runCli } from './helpers/run-cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const execute = promisify(execFile);

const NOWHERE = 'http://127.0.0.1:9';

/** What the shells are answered: the kind, and the words. */
async function ask(words: string[], server = NOWHERE): Promise<{ kind: string; words: string[] }> {
    const home = temporaryFolder();
    writeFileSync(join(home, 'config.json'), '{ "profiles": { "archive": { "preset": "slow" } } }');
    const options = { cwd: home, home, server, token: 'token-of-the-test-user' };
    const { status, stdout, stderr } = await runCli(['__complete', ...words], options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [kind = '', ...lines] = stdout.trimEnd().split('\n');
    return { kind, words: lines.map((line) => line.split('\t')[0] ?? '') };
}

const words = async (...typed: string[]): Promise<string[]> => (await ask(typed)).words;

describe('what can be typed', () => {
    it('commands, and those of groups', async () => {
        expect(await words('enc')).toEqual(['encode']);
        expect(await words('daemon', 'st')).toEqual(['start', 'stop', 'status']);
        expect(await words('help', 'do')).toEqual(['download', 'doctor']);
        expect(await words('nonsense', '')).toEqual([]);
    });

    it('options that were not given yet', async () => {
        expect(await words('encode', '--det')).toEqual(['--detach']);
        expect(await words('encode', '--detach', '--det')).toEqual([]);
        expect(await words('encode', '-p', 'fast', '--pre')).toEqual([]);
    });

    it('values of options, also behind =', async () => {
        expect(await words('encode', '--preset', 'f')).toEqual(['faster', 'fast']);
        expect(await words('encode', '--preset=ultra')).toEqual(['--preset=ultrafast']);
        expect(await words('encode', '--container', '')).toEqual(['hevc', 'mp4', 'mkv']);
        expect(await words('encode', 'clip.mp4', '--profile', '')).toEqual(['archive']);
        expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
        expect(await words('config', 'get', 'uploadE')).toEqual(['uploadExpiry']);
    });

    it.each([
        [['encode', ''], 'files'],
        [['encode', '-o', 'x'], 'files'],
        [['encode', '--output=x'], 'files'],
        [['daemon', 'run', '--data-dir', ''], 'folders'],
    ])('%j: %s', async (typed, kind) => {
        expect(await ask(typed)).toEqual({ kind, words: [] });
    });

    it("kvazaar's options and values after --", async () => {
        expect(await words('encode', 'clip.mp4', '--', '--deb')).toEqual(['--deblock']);
        expect(await words('encode', '--', '--sao', '')).toEqual(['off', 'band', 'edge', 'full']);
        expect(await words('encode', '--', '--sao=e')).toEqual(['--sao=edge']);
        expect(await words('options', 'sao')).toEqual(['sao']);
    });

    it('jobs that the command can do something with, as the daemon knows them', async () => {
        const daemon = await new FakeDaemon().listen();
        onTestFinished(() => daemon.close());
        const running = daemon.addJob({ state: 'encoding' }).id;
        const failed = daemon.addJob({ state: 'failed' }).id;
        const other = daemon.addJob({ state: 'failed' }).id;
        const jobs = async (...typed: string[]): Promise<string[]> =>
            (await ask(typed, daemon.url)).words.toSorted();
        expect(await jobs('cancel', '')).toEqual([running]);
        expect(await jobs('retry', '')).toEqual([failed, other].toSorted());
        expect(await jobs('retry', failed, '')).toEqual([other]);
        expect(await jobs('job', '')).toEqual([running, failed, other].toSorted());
    });

    it('nothing at all where no daemon answers', async () => {
        expect(await ask(['cancel', ''])).toEqual({ kind: 'words', words: [] });
    });
});

const has = (shell: string): boolean =>
    spawnSync(shell, ['-c', 'true'], { stdio: 'ignore' }).status === 0;

/** Runs a script in a shell that finds `kvz-cloud`, in a folder with a file and a folder. */
async function inShell(shell: string, ...args: string[]): Promise<string[]> {
    const folder = temporaryFolder();
    const bin = join(folder, 'bin');
    const home = join(folder, 'home');
    for (const each of [bin, home, join(home, 'movies')]) mkdirSync(each);
    writeFileSync(join(home, 'my clip.mp4'), '');
    const program = join(bin, 'kvz-cloud');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
    chmodSync(program, 0o755);
    const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH: path, HOME: home, KVZ_CLOUD_HOME: home };
    const { stdout } = await execute(shell, args, { cwd: home, env });
    return stdout.trimEnd().split('\n');
}

describe('bash', () => {
    /** @param parts as bash splits the words: also at = and : */
    const reply = (...parts: string[]): Promise<string[]> =>
        inShell(
            'bash',
            ...['--norc', '-c'],
            `${COMPLETION_SCRIPTS.bash}
            COMP_WORDS=(kvz-cloud "$@"); COMP_CWORD=$#
            _kvz_cloud kvz-cloud
            printf '%s\\n' "\${COMPREPLY[@]}"`,
            ...['bash', ...parts],
        );

    it('takes the words and leaves files to readline', async () => {
        expect(await reply('enc')).toEqual(['encode']);
        expect(await reply('encode', '--preset', '=', 'ultra')).toEqual(['ultrafast']);
        expect(await reply('encode', 'x', '--', '--sao', '=', '')).toContain('edge');
        expect(await reply('encode', '')).toEqual(['']);
    });
});

describe.skipIf(!has('zsh'))('zsh', () => {
    const reply = (...typed: string[]): Promise<string[]> =>
        inShell(
            'zsh',
            ...['-f', '-c'],
            `compdef() { true }
            _describe() { print -l -- \${(P)argv[-1]} }
            _files() { print -l -- "files \${argv[*]} $PREFIX" }
            compset() { PREFIX=\${PREFIX#*=} }
            ${COMPLETION_SCRIPTS.zsh}
            words=(kvz-cloud "$@"); CURRENT=$(( $# + 1 )); PREFIX=$words[-1]
            _kvz_cloud`,
            ...['zsh', ...typed],
        );

    it('takes words with their meaning, and knows where files go', async () => {
        expect(await reply('enc')).toEqual([
            'encode:encode files to HEVC and bring the results back',
        ]);
        expect(await reply('encode', '--preset=ultra')).toEqual(['--preset=ultrafast']);
        expect(await reply('encode', '--output=my')).toEqual(['files  my']);
        expect(await reply('daemon', 'run', '--data-dir', 'mo')).toEqual(['files -/ mo']);
    });
});

describe.skipIf(!has('fish'))('fish', () => {
    const reply = (line: string): Promise<string[]> =>
        inShell('fish', '-N', '-c', `${COMPLETION_SCRIPTS.fish}\ncomplete -C $argv[1]`, line);

    it('takes words with their meaning, files and folders', async () => {
        expect(await reply('kvz-cloud enc')).toEqual([
            'encode\tencode files to HEVC and bring the results back',
        ]);
        expect(await reply('kvz-cloud encode --preset=ultra')).toEqual(['--preset=ultrafast']);
        expect((await reply('kvz-cloud encode x -- --sao ')).slice(0, 2)).toEqual(['off', 'band']);
        expect((await reply('kvz-cloud encode my')).join()).toContain('my clip.mp4');
        expect((await reply('kvz-cloud daemon run --data-dir ')).join()).toMatch(/^movies\//);
    });
});
