/** Commands, scripts, paths and links in the documents are those that there are. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError, type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { documentedProgram } from '../../scripts/cli-doc/generate.js';
import { parseKvazaarOptions } from '../../src/encoder/index.js';
import { newHome } from '../helpers/command.js';
import { codeLines, simpleCommands } from './helpers/shell-lines.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const DOCUMENTS = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(join(ROOT, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
].map((path) => ({ path, text: read(path) }));

const COMMANDS = DOCUMENTS.flatMap(({ path, text }) =>
    codeLines(text)
        .flatMap(simpleCommands)
        .map((words) => ({ where: `${path}: ${words.join(' ')}`, words })),
);
const startingWith = (...programs: string[]): typeof COMMANDS =>
    COMMANDS.filter(({ words: [program = ''] }) => programs.includes(program));

/** Arguments of kvz-cloud, however the line starts it. */
const OURS = COMMANDS.flatMap(({ where, words }) => {
    const at = words.findIndex((word) => /^(bin\/kvz-cloud\.js|kvz-cloud)$/.test(word));
    const isOurs = at === 0 || (words[0] === 'node' && at > 0);
    return isOurs ? [{ where, args: words.slice(at + 1) }] : [];
});

/** The program, of which no command does anything. */
function inertProgram(): Command {
    const program = documentedProgram();
    const silence = (command: Command): void => {
        command.exitOverride();
        command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
        if (command.commands.length === 0) command.action(() => undefined);
        command.commands.forEach(silence);
    };
    silence(program);
    return program;
}

async function problemOf(args: readonly string[]): Promise<string | undefined> {
    const dashes = args.indexOf('--');
    try {
        if (dashes >= 0) parseKvazaarOptions('medium', args.slice(dashes + 1));
        const own = dashes >= 0 ? args.slice(0, dashes) : args;
        await inertProgram().parseAsync(own, { from: 'user' });
        return undefined;
    } catch (error) {
        if (error instanceof CommanderError && error.exitCode === 0) return undefined;
        return (error as Error).message;
    }
}

describe('commands of kvz-cloud in code blocks', () => {
    it('are found', () => {
        expect(OURS.length).toBeGreaterThan(80);
    });

    it.each(OURS)('$where', async ({ args }) => {
        expect(await problemOf(args)).toBeUndefined();
    });

    it('would be refused if they were wrong', async () => {
        expect(await problemOf(['encode', 'clip.mp4', '--present', 'slow'])).toContain('--present');
        expect(await problemOf(['encode', 'clip.mp4', '--', '--qq', '27'])).toContain('--qq');
        expect(await problemOf(['enkode', 'clip.mp4'])).toContain('enkode');
        expect(await problemOf(['cancel'])).toContain('id');
    });

    /** What asks no daemon and changes nothing outside of its home. */
    const ALONE = /^(options|completion|config( --json| get .*| set .*| unset .*)?|context)\b/;
    const alone = OURS.filter(({ args }) => ALONE.test(args.join(' ')));

    it('that need nothing are run', async () => {
        expect(alone.length).toBeGreaterThan(5);
        const { run } = await newHome();
        for (const { where, args } of alone) {
            // Tokens of contexts would have to be there.
            if (args[0] === 'context' && args.length > 1) continue;
            // Secrets, too, which come from stdin.
            if (args.includes('--from')) continue;
            const { status, stderr } = await run(...args);
            expect(status, `${where}: ${stderr}`).toBe(0);
        }
    });
});

/** Names of commands and their flags in running text, such as `kvz-cloud queue pause|resume`. */
const MENTIONED = DOCUMENTS.flatMap(({ path, text }) =>
    [...text.matchAll(/`kvz-cloud ([a-z][^`]*)`/g)].map(([whole, rest = '']) => ({
        where: `${path}: ${whole}`,
        words: rest.split(/\s+/),
    })),
);

it.each(MENTIONED)('$where', ({ words }) => {
    let commands: Command[] = [documentedProgram()];
    for (const word of words) {
        if (word.startsWith('-')) {
            const flags = commands.flatMap(({ options }) =>
                options.flatMap(({ short, long }) => [short, long]),
            );
            expect(flags).toContain(word);
        } else if (commands.every((command) => command.commands.length > 0)) {
            commands = word.split('|').map((name) => {
                const next = commands[0]?.commands.find((command) => command.name() === name);
                if (!next) throw new Error(`there is no command "${name}"`);
                return next;
            });
        }
    }
    expect(commands).not.toEqual([]);
});

describe('what else is in code blocks', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const npm = [
        ...startingWith('npm'),
        ...DOCUMENTS.flatMap(({ path, text }) =>
            [...text.matchAll(/`(?:\w+=\S+ )*(npm (?:run [\w:]+|test)[^`]*)`/g)].map(
                ([whole, command = '']) => ({
                    where: `${path}: ${whole}`,
                    words: command.split(/\s+/),
                }),
            ),
        ),
    ];

    it.each(npm)('$where', ({ words: [, verb = '', name = ''] }) => {
        if (verb === 'run') expect(Object.keys(scripts)).toContain(name);
        else if (verb === 'test') expect(scripts).toHaveProperty('test');
        else expect(['link', 'install', 'pack']).toContain(verb);
    });

    it('names files that are there', () => {
        const paths = startingWith('npm', 'npx', 'node')
            .flatMap(({ words }) => words.slice(1))
            .filter((word) => /^(bin|test|scripts|bench)\//.test(word));
        expect(paths.length).toBeGreaterThan(3);
        expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    });
});

/** The name that a heading has in addresses, as GitHub makes it. */
const anchorOf = (heading: string): string =>
    heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-');

describe('links lead to what is there', () => {
    it.each(DOCUMENTS)('$path', ({ path, text }) => {
        const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
            .map(([, target = '']) => target)
            .filter((target) => !/^[a-z]+:/.test(target))
            .filter((target) => {
                const [file = '', anchor] = target.split('#');
                const linked = file === '' ? path : join(dirname(path), file);
                if (!existsSync(join(ROOT, linked))) return true;
                if (anchor === undefined || !linked.endsWith('.md')) return false;
                const headings = [...read(linked).matchAll(/^#+ (.*)$/gm)];
                return !headings.some(([, heading = '']) => anchorOf(heading) === anchor);
            });
        expect(broken).toEqual([]);
    });
});

it('the documents name source files that are there', () => {
    const named = DOCUMENTS.flatMap(({ path, text }) =>
        [...text.matchAll(/`((?:src|test|scripts|bench|packaging)\/[\w./-]+\.\w+)`/g)].map(
            ([, file = '']) => ({ path, file }),
        ),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});
