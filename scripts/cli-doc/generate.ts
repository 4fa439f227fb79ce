/** docs/CLI.md from the commander definitions, the settings and the error catalogue. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { RAW_ENDINGS, VIDEO_ENDINGS } from '../../src/client/video-files.js';
import { CliContext } from '../../src/cli/context.js';
import type { CliHost } from '../../src/cli/host.js';
import { buildProgram } from '../../src/cli/program.js';
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
