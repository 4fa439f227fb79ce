/** Named daemons: `kvz-cloud context` keeps them, `--context` and KVZ_CLOUD_CONTEXT choose one. */
import { readJsonObject, SettingError } from './json-file.js';
import type { HomePaths } from './paths.js';
import { writePrivateFile } from './private-file.js';
import { text, url } from './setting-values.js';
import { suggest } from '../suggest.js';

/** The name that stands for no context: environment and settings decide alone. */
export const NO_CONTEXT = 'default';

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

export interface NamedContext {
    /** http(s)://HOST:PORT */
    server: string;
    /** Absolute path of a file with the token; without it the user's own token is used. */
    tokenFile?: string;
    /** Absolute path of the authorities (PEM) that its certificate must be of; else `tlsCa` says. */
    caFile?: string;
}

export interface Contexts {
    /** What commands use that are not told otherwise. */
    current?: string;
    contexts: Record<string, NamedContext>;
}

/** How a context came to be chosen. */
export type ContextSource = 'flag' | 'environment' | 'current';

export interface ActiveContext extends NamedContext {
    name: string;
    source: ContextSource;
}

/** @throws SettingError for a name that cannot be one */
export function checkContextName(name: string): void {
    if (NAME.test(name) && name !== NO_CONTEXT) return;
    const reserved = name === NO_CONTEXT ? `"${NO_CONTEXT}" stands for no context; ` : '';
    throw new SettingError(
        `context "${name}": ${reserved}expected at most 64 letters, digits, "_", "." or "-"`,
    );
}

function parseContext(path: string, name: string, value: unknown): NamedContext {
    const { server, tokenFile, caFile } = Object(value) as Record<string, unknown>;
    try {
        checkContextName(name);
        return {
            server: url(server),
            ...(tokenFile === undefined ? {} : { tokenFile: text(tokenFile) }),
            ...(caFile === undefined ? {} : { caFile: text(caFile) }),
        };
    } catch (error) {
        throw new SettingError(`${path}: context "${name}": ${(error as Error).message}`);
    }
}

/** All contexts, in the order in which they were added. @throws SettingError */
export function readContexts({ contextsFile }: HomePaths): Contexts {
    const { current, contexts } = readJsonObject(contextsFile);
    return {
        ...(typeof current === 'string' ? { current } : {}),
        contexts: Object.fromEntries(
            Object.entries(Object(contexts) as Record<string, unknown>).map(([name, value]) => [
                name,
                parseContext(contextsFile, name, value),
            ]),
        ),
    };
}

export function writeContexts({ contextsFile }: HomePaths, contexts: Contexts): void {
    writePrivateFile(contextsFile, `${JSON.stringify(contexts, undefined, 4)}\n`);
}

/** @throws SettingError naming the contexts that there are */
export function findContext({ contexts }: Contexts, name: string): NamedContext {
    const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
    if (found) return found;
    const names = Object.keys(contexts);
    const near = suggest(name, names);
    const hint = near
        ? `did you mean "${near}"?`
        : names.length > 0
          ? `known are ${names.join(', ')}`
          : `"kvz-cloud context add ${name} --server URL" makes it`;
    throw new SettingError(`there is no context "${name}"; ${hint}`);
}

/**
 * The context that counts: the one of the option, else of KVZ_CLOUD_CONTEXT, else the current one.
 * @throws SettingError when there is no such context
 */
export function activeContext(
    paths: HomePaths,
    env: NodeJS.ProcessEnv,
    flag?: string,
): ActiveContext | undefined {
    const all = readContexts(paths);
    const candidates: [ContextSource, string | undefined][] = [
        ['flag', flag],
        ['environment', env['KVZ_CLOUD_CONTEXT']],
        ['current', all.current],
    ];
    const [source, name] = candidates.find(([, given]) => given) ?? [];
    if (source === undefined || name === undefined || name === NO_CONTEXT) return undefined;
    return { ...findContext(all, name), name, source };
}
