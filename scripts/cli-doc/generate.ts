/** docs/CLI.md from the commander definitions, the settings and the error catalogue. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as z from 'zod';
import { encodeEvents } from '../../src/client/event-schemas.js';
import { RAW_ENDINGS, VIDEO_ENDINGS } from '../../src/client/video-files.js';
import { CliContext } from '../../src/cli/context.js';
import type { CliHost } from '../../src/cli/host.js';
import { buildProgram } from '../../src/cli/program.js';
import { watchEvents } from '../../src/cli/watch/event-schemas.js';
import { VERSION } from '../../src/config/version.js';
import { optionsMarkdown } from '../../src/encoder/kvazaar/listing.js';
import { manualPage } from './manual-page.js';

/** Characters of a line of help in docs/CLI.md, and in the manual page with its margins. */
const HELP_WIDTH = 96;
const MANUAL_WIDTH = 72;

/** No command runs while the document is written. */
const host: CliHost = {
    backUpDatabase: () => Promise.reject(new Error('not here')),
    runWorker: async () => undefined,
    runDaemon: () => Promise.reject(new Error('not here')),
    tokensOf: () => Promise.reject(new Error('not here')),
    sandboxProblem: () => Promise.resolve(undefined),
    checkData: () => Promise.resolve(undefined),
    checkPrograms: () => Promise.resolve([]),
    listKvazaarOptions: () => Promise.resolve([]),
    completeKvazaarOptions: () => Promise.resolve([]),
    completeKvazaarValue: () => Promise.resolve(undefined),
    listPresets: () => Promise.resolve([]),
    findKvazaarOption: () => Promise.resolve(undefined),
};

/** What `--help` prints, with the examples that follow it. */
function helpText(command: Command, helpWidth: number): string {
    let text = '';
    command.configureHelp({ helpWidth });
    command.configureOutput({
        writeOut: (part) => (text += part),
        getOutHelpWidth: () => helpWidth,
    });
    command.outputHelp();
    return text.trimEnd();
}

function* commands(parent: Command, prefix: string): Generator<[string, Command]> {
    for (const command of parent.commands) {
        const name = `${prefix} ${command.name()}`;
        if (command.commands.length > 0) yield* commands(command, name);
        else yield [name, command];
    }
}

const endingsText = (endings: Iterable<string>): string =>
    [...endings].map((ending) => `\`.${ending}\``).join(' ');

/** More values than these are looked up elsewhere. */
const MOST_VALUES = 4;

/** "`status` (`approved`, `queued`, `rejected`)", "`code`?" */
function fieldText(name: string, field: z.core.$ZodType): string {
    const isOptional = field instanceof z.ZodOptional;
    const inner = isOptional ? field.unwrap() : field;
    const values = inner instanceof z.ZodEnum ? inner.options : [];
    const isShort = values.length > 0 && values.length <= MOST_VALUES;
    const told = isShort ? ` (${values.map((value) => `\`${value}\``).join(', ')})` : '';
    return `\`${name}\`${isOptional ? '?' : ''}${told}`;
}

/** A row for each event: what it tells, and its fields besides those of every line. */
function eventTable(events: Readonly<Record<string, z.ZodObject>>): string {
    const rows = Object.entries(events).map(([name, event]) => {
        const fields = Object.entries(event.shape)
            .filter(([field]) => field !== 'event')
            .map(([field, schema]) => fieldText(field, schema));
        return `| \`${name}\` | ${event.meta()?.description ?? ''} | ${fields.join(', ')} |`;
    });
    return ['| event | meaning | fields |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The program as it describes itself; none of its commands can be run. */
export function documentedProgram(): Command {
    return buildProgram(new CliContext(host, {}, undefined));
}

/** The whole document. */
export function cliDocument(helpWidth = HELP_WIDTH): string {
    const program = documentedProgram();
    const sections = [...commands(program, 'kvz-cloud')]
        .filter(([name]) => name !== 'kvz-cloud help')
        .map(
            ([name, command]) =>
                `### ${name}\n\n\`\`\`text\n${helpText(command, helpWidth)}\n\`\`\`\n`,
        );
    const template = readFileSync(new URL('./template.md', import.meta.url), 'utf8');
    return template
        .replace('{{commands}}', () => sections.join('\n').trimEnd())
        .replace('{{encodeEvents}}', () => eventTable(encodeEvents))
        .replace('{{watchEvents}}', () => eventTable(watchEvents))
        .replace('{{videoEndings}}', () => endingsText(VIDEO_ENDINGS))
        .replace('{{rawEndings}}', () => endingsText(RAW_ENDINGS))
        .replace('{{options}}', () => optionsMarkdown().trimEnd());
}

/** man/kvz-cloud.1: the same document for `man`. */
export function cliManualPage(): string {
    return manualPage({
        name: 'kvz-cloud',
        version: VERSION,
        description: 'HEVC encoding with kvazaar, on this machine or another one',
        synopsis: [
            'kvz-cloud encode FILE... [options] [-- KVAZAAR OPTIONS]',
            'kvz-cloud COMMAND [options]',
        ],
        markdown: cliDocument(MANUAL_WIDTH),
    });
}
