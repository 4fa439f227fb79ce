/** What can be checked of packaging/ without an init system and without a container engine. */
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './helpers/temporary.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const UNIT = join(ROOT, 'packaging/kvz-cloud.service');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.skipIf(!hasSystemd)('the systemd unit', () => {
    it('is understood, and keeps the daemon from what it does not need', async () => {
        const run = promisify(execFile);
        const verified = await run('systemd-analyze', ['verify', UNIT]);
        expect(verified.stderr).not.toContain('kvz-cloud.service');
        const { stdout } = await run('systemd-analyze', ['security', '--offline=true', UNIT]);
        const level = /exposure level for kvz-cloud.service: ([\d.]+)/.exec(stdout)?.[1];
        expect(Number(level)).toBeLessThan(4);
    });
});

describe('the image', () => {
    const stages = readFileSync(join(ROOT, 'packaging/Dockerfile'), 'utf8')
        .replaceAll(/\\\n\s*/g, '')
        .split(/^FROM .*$/m)
        .slice(1)
        .map((stage) =>
            [...stage.matchAll(/^(\w+) (.*)$/gm)].map(([, verb, rest]) => [verb, rest]),
        );
    const copies = (stage: number): [string[], string][] =>
        (stages[stage] ?? [])
            .filter(([verb]) => verb === 'COPY')
            .map(([, rest = '']) => {
                const names = rest.replace('--from=build /src/', '').split(' ');
                return [names.slice(0, -1), names.at(-1) ?? ''];
            });

    it('is built from files that are there, by scripts that are there', () => {
        expect(stages).toHaveLength(2);
        for (const stage of [0, 1]) {
            const sources = copies(stage).flatMap(([names]) => names);
            expect(sources.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
        }
        const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
            scripts: Record<string, string>;
        };
        expect(scripts).toHaveProperty('build');
    });

    it('holds all that the command needs', async () => {
        const image = temporaryFolder();
        for (const [names, target] of copies(1)) {
            for (const name of names) {
                const isFolder = target.endsWith('/');
                const to = join(image, target === './' ? basename(name) : target);
                const path = isFolder && target !== './' ? join(to, basename(name)) : to;
                mkdirSync(dirname(path), { recursive: true });
                if (name === 'node_modules') symlinkSync(join(ROOT, name), path);
                else cpSync(join(ROOT, name), path, { recursive: true });
            }
        }
        const env = { ...process.env, KVZ_CLOUD_HOME: temporaryFolder() };
        const command = join(image, 'bin/kvz-cloud.js');
        for (const args of [['--version'], ['options', 'qp'], ['config', '--json']]) {
            const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], {
                env,
            });
            expect(stdout).not.toBe('');
        }
        const entry = (stages[1] ?? []).find(([verb]) => verb === 'CMD')?.[1] ?? '[]';
        const [program, ...args] = JSON.parse(entry) as string[];
        expect(program).toBe('kvz-cloud');
        const help = await promisify(execFile)(
            process.execPath,
            [command, ...args.slice(0, 2), '--help'],
            { env },
        );
        for (const flag of args.filter((arg) => arg.startsWith('--'))) {
            expect(help.stdout).toContain(`${flag} `);
        }
    });
});
