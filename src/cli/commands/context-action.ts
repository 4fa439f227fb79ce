/** What `kvz-cloud context` does. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { checkToken, tokenOfFile } from '../../client/token.js';
import {
    NO_CONTEXT,
    activeContext,
    checkContextName,
    findContext,
    readContexts,
    writeContexts,
} from '../../config/contexts.js';
import type { ActiveContext } from '../../config/contexts.js';
import { writePrivateFile } from '../../config/private-file.js';
import { url } from '../../config/setting-values.js';
import { readCa } from '../../config/tls-trust.js';
import { KvzError } from '../../protocol/errors.js';
import type { CliContext } from '../context.js';
import { formatTable } from '../ui/table.js';
import type { AddContextFlags } from './context.js';

function serverOf(text: string): string {
    try {
        return url(text);
    } catch (error) {
        throw new KvzError('USAGE', `--server ${text}: ${(error as Error).message}`);
    }
}

/** The absolute path of a file with certificates. @throws KvzError USAGE */
function caOf(given: string, server: string): string {
    if (!server.startsWith('https:')) {
        throw new KvzError('USAGE', `--ca ${given}: ${server} has no certificate; use https`);
    }
    const path = resolve(given);
    readCa(path, '--ca');
    return path;
}

/** Where the token of a new context is from now on; one from stdin is kept in a file of ours. */
async function keepToken(context: CliContext, name: string, given: string): Promise<string> {
    if (given !== '-') {
        const path = resolve(given);
        tokenOfFile(path);
        return path;
    }
    if (process.stdin.isTTY) context.say('reading the token from stdin, end it with Ctrl-D');
    const token = checkToken((await readAll(process.stdin)).trim(), 'stdin');
    const path = join(context.paths.contextTokensDir, name);
    writePrivateFile(path, `${token}\n`);
    return path;
}

export async function addNamedContext(
    context: CliContext,
    name: string,
    flags: AddContextFlags,
): Promise<void> {
    checkContextName(name);
    const server = serverOf(flags.server);
    const all = readContexts(context.paths);
    if (Object.hasOwn(all.contexts, name) && !flags.force) {
        throw new KvzError('USAGE', `there is a context "${name}" already; --force replaces it`);
    }
    const caFile = flags.ca === undefined ? undefined : caOf(flags.ca, server);
    const tokenFile =
        flags.tokenFile === undefined ? undefined : await keepToken(context, name, flags.tokenFile);
    all.contexts[name] = {
        server,
        ...(tokenFile === undefined ? {} : { tokenFile }),
        ...(caFile === undefined ? {} : { caFile }),
    };
    if (flags.use) all.current = name;
    writeContexts(context.paths, all);
    const next = flags.use ? 'is used from now on' : `"kvz-cloud context use ${name}" chooses it`;
    context.say(`context ${name} is ${server}; ${flags.use ? `it ${next}` : next}`);
}

export function useContext(context: CliContext, name: string): void {
    const { contexts } = readContexts(context.paths);
    if (name === NO_CONTEXT) {
        writeContexts(context.paths, { contexts });
        context.say('no context is used any more: the settings decide');
        return;
    }
    const { server } = findContext({ contexts }, name);
    writeContexts(context.paths, { current: name, contexts });
    const override = ['KVZ_CLOUD_SERVER', 'KVZ_CLOUD_CONTEXT'].find((key) => context.env[key]);
    const but = override ? `, but ${override} is set and goes before it` : '';
    context.say(`commands talk to ${server} now${but}`);
}

export function removeContexts(context: CliContext, names: readonly string[]): void {
    const all = readContexts(context.paths);
    for (const name of names) findContext(all, name);
    for (const name of names) {
        delete all.contexts[name];
        rmSync(join(context.paths.contextTokensDir, name), { force: true });
        if (all.current === name) delete all.current;
    }
    writeContexts(context.paths, all);
    context.say(`removed: ${names.join(', ')}`);
}

export function listContexts(context: CliContext, flags: { json?: boolean }): void {
    const { paths, env } = context;
    const { contexts } = readContexts(paths);
    const active: ActiveContext | undefined = activeContext(paths, env);
    const rows = Object.entries(contexts).map(([name, { server, tokenFile, caFile }]) => ({
        name,
        server,
        tokenFile: tokenFile ?? null,
        caFile: caFile ?? null,
        active: name === active?.name,
    }));
    if (flags.json) return context.printJson(rows);
    const table = rows.map((row) => [
        row.active ? '*' : '',
        row.name,
        row.server,
        row.tokenFile ?? "the user's own token",
    ]);
    const own = [active ? '' : '*', NO_CONTEXT, 'by the settings', "the user's own token"];
    const lines = formatTable(['', 'NAME', 'SERVER', 'TOKEN FROM'], [own, ...table]);
    return lines.forEach((line) => context.print(line));
}
