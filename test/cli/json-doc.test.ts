/** docs/json.schema.json is what the code says; `npm run docs` writes it. */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { jsonSchema } from '../../scripts/json-doc/generate.js';
import { CliContext } from '../../src/cli/context.js';
import type { CliHost } from '../../src/cli/host.js';
import { JSON_VERSION } from '../../src/cli/output/line-schemas.js';
import { buildProgram } from '../../src/cli/program.js';
import { jsonLine } from '../../src/cli/ui/json-line.js';

it('the published schema of JSON output is up to date (if not: npm run docs)', async () => {
    const path = fileURLToPath(new URL('../../docs/json.schema.json', import.meta.url));
    const options = await resolveConfig(path);
    const text = await format(jsonSchema(), { ...options, parser: 'json' });
    await expect(text).toMatchFileSnapshot(path);
});

/** The names of all commands that take --json, such as "daemon status". */
function* jsonCommands(parent: Command, prefix = ''): Generator<string> {
    for (const command of parent.commands) {
        const name = `${prefix}${command.name()}`;
        if (command.options.some(({ long }) => long === '--json')) yield name;
        yield* jsonCommands(command, `${name} `);
    }
}

it('every command with --json is in the schema', () => {
    const program = buildProgram(new CliContext({} as CliHost, {}, undefined));
    const { $defs } = JSON.parse(jsonSchema()) as {
        $defs: Record<string, { description?: string }>;
    };
    const described = Object.values($defs).flatMap(({ description = '' }) =>
        [...description.matchAll(/`([a-z ]+?)(?: [A-Z].*?)? --json`/g)].map(([, name]) => name),
    );
    expect([...jsonCommands(program)].filter((name) => !described.includes(name))).toEqual([]);
});

it('lines carry the version of the schema', () => {
    expect(JSON.parse(jsonLine({ event: 'resume' }))).toMatchObject({ version: JSON_VERSION });
});
