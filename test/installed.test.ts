/** The package as npm makes it, installed globally into an empty prefix. */
import { execFile } from 'node:child_process';
import {
    copyFileSync,
    cpSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LICENCES, licencesMarkdown } from '../scripts/licences.mjs';
import { newHome } from './helpers/command.js';
import { rawVideo } from './helpers/daemon.js';
import { findPrograms } from '../src/encoder/index.js';
import { temporaryFolder } from './encoder/helpers/media.js';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Compiled for this machine; compiling it again takes minutes where none is to be fetched. */
const SQLITE = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';

interface Packed {
    filename: string;
    files: { path: string }[];
}

const folder = await temporaryFolder();
const npm = async (cwd: string, ...args: string[]): Promise<string> =>
    (await execute('npm', [...args, '--loglevel=error'], { cwd })).stdout;

let packed: Packed | undefined;

/** Packs a copy of the clone, as packing builds it: other tests use the clone's own dist/. */
beforeAll(async () => {
    const clone = join(folder, 'clone');
    const isLeft = new Set(['.git', '.tools', 'coverage', 'dist', 'node_modules']);
    for (const name of readdirSync(ROOT).filter((each) => !isLeft.has(each))) {
        cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    const told = await npm(clone, 'pack', '--json', '--pack-destination', folder);
    [packed] = JSON.parse(told) as Packed[];
}, 180_000);

it('holds what is needed and nothing else', () => {
    const paths = (packed?.files ?? []).map(({ path }) => path);
    expect(new Set(paths.map((path) => path.split('/')[0]))).toEqual(
        new Set([
            ...['CHANGELOG.md', 'LICENSE', 'README.md', 'assets', 'bin', 'dist', 'docs'],
            ...['examples', 'man', 'package.json', 'packaging', 'scripts'],
        ]),
    );
    expect(paths.filter((path) => path.startsWith('scripts/')).sort()).toEqual([
        'scripts/packages.mjs',
        'scripts/programs.mjs',
    ]);
    const isOfBundle = (path: string): boolean => /^dist\/chunks\/[\w-]+\.js$/.test(path);
    const isType = (path: string): boolean => path.endsWith('.d.ts');
    const compiled = paths.filter((path) => path.startsWith('dist/'));
    expect(compiled.filter((path) => !isOfBundle(path) && !isType(path)).sort()).toEqual([
        ...['dist/LICENSES.txt', 'dist/client/hash-worker.js', 'dist/client/index.js'],
        ...['dist/daemon/uploads/leaf-worker.js', 'dist/encoder/index.js', 'dist/start.js'],
    ]);
    expect(paths).toEqual(
        expect.arrayContaining([
            ...['bin/kvz-cloud.js', 'dist/client/index.d.ts', 'dist/encoder/index.d.ts'],
            ...['man/kvz-cloud.1', 'assets/closing-logo.png'],
        ]),
    );
});

describe('in an empty prefix', () => {
    const prefix = join(folder, 'prefix');
    const command = join(prefix, 'bin/kvz-cloud');

    beforeAll(async () => {
        mkdirSync(prefix);
        const file = join(folder, basename(packed?.filename ?? ''));
        await npm(
            folder,
            ...['install', '--global', '--prefix', prefix, '--ignore-scripts', '--prefer-offline'],
            ...['--no-audit', '--no-fund', file],
        );
        const target = join(prefix, 'lib/node_modules/kvz-cloud', SQLITE);
        mkdirSync(join(target, '..'), { recursive: true });
        copyFileSync(join(ROOT, SQLITE), target);
    }, 180_000);

    it('says its version, what is here, and how to complete', async () => {
        const { env } = await newHome();
        const run = async (...args: string[]): Promise<string> =>
            (await execute(command, args, { env })).stdout;
        const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
            version: string;
        };
        expect(await run('--version')).toBe(`${version}\n`);
        expect(await run('completion', 'bash')).toContain('_kvz_cloud');
        // Its status tells whether all is here, which is the machine's business.
        const doctor = await execute(command, ['doctor', '--json'], { env }).catch(
            (error: { stdout: string }) => error,
        );
        const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string }[] };
        expect(checks.map(({ name }) => name)).toEqual(
            expect.arrayContaining(['node', 'ffmpeg', 'kvazaar']),
        );
    });

    it('is small: what the bundle holds is not installed beside it', () => {
        const installed = join(prefix, 'lib/node_modules/kvz-cloud');
        const sizes = readdirSync(installed, { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(35e6);
    });

    it('gives two libraries, with types that need nothing else', async () => {
        const user = join(prefix, 'lib');
        writeFileSync(join(user, 'package.json'), '{ "type": "module" }');
        const lines = [
            "import { connect, type Job } from 'kvz-cloud';",
            "import { probe } from 'kvz-cloud/encoder';",
            'export const first = async (): Promise<Job | undefined> =>',
            '    (await (await connect()).jobs({ limit: 1 }))[0];',
            'console.log(typeof connect, typeof probe);',
            '// @ts-expect-error a state is no number',
            'export const wrong = async (): Promise<number | undefined> => (await first())?.state;',
        ];
        writeFileSync(join(user, 'user.ts'), lines.join('\n'));
        const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
        const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
        const flags = ['--strict', '--module', 'nodenext', '--target', 'es2023', ...types];
        await execute(process.execPath, [compiler, ...flags, 'user.ts'], { cwd: user });
        const { stdout } = await execute(process.execPath, ['user.js'], { cwd: user });
        expect(stdout).toBe('function function\n');
    });

    it('encodes', async () => {
        const home = await newHome();
        // It may be one that the clone has for itself.
        const env = { ...home.env, KVZ_CLOUD_KVAZAAR: findPrograms().kvazaar };
        const { outputs } = home;
        const source = join(outputs, 'clip.yuv');
        writeFileSync(source, rawVideo(2));
        onTestFinished(async () => {
            await execute(command, ['daemon', 'stop'], { env });
        });
        const raw = ['--raw', '--input-res', '64x64', '--preset', 'ultrafast', '--no-logo'];
        await execute(command, ['encode', source, ...raw, '-o', 'clip.mkv'], { env, cwd: outputs });
        expect(statSync(join(outputs, 'clip.mkv')).size).toBeGreaterThan(0);
    });
});

it('docs/LICENSES.md tells the licences of what is bundled and installed', async () => {
    expect(readFileSync(LICENCES, 'utf8')).toBe(await licencesMarkdown());
});
