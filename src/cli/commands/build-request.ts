/** What is asked of the daemon, from flags, profile and kvazaar options together. */
import { dirname, resolve } from 'node:path';
import type { Profile } from '../../config/profiles.js';
import { KvzError } from '../../protocol/errors.js';
import type { Container } from '../../protocol/messages.js';
import type { EncodeRequest } from '../../client/encode-request.js';
import type { CliContext } from '../context.js';
import type { EncodeOptionFlags } from './encode-options.js';
import { readLogo } from './logo-image.js';
import { rawFormat } from './raw-format.js';

const DEFAULT_PRESET = 'medium';

/**
 * The profile of this name; an empty one when none is asked for. Its logo is a path that can be
 * used from any folder.
 * @throws KvzError USAGE listing the profiles that there are
 */
export function findProfile(context: CliContext, name: string | undefined): Profile {
    if (name === undefined) return {};
    const { profiles } = context.settings().values;
    const { settingsFile } = context.paths;
    const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
    if (!profile) {
        const names = Object.keys(profiles);
        const known =
            names.length > 0
                ? `${settingsFile} has ${names.join(', ')}`
                : `${settingsFile} has no "profiles"`;
        throw new KvzError('USAGE', `--profile ${name}: there is no such profile; ${known}`);
    }
    const { logo } = profile;
    return typeof logo === 'string'
        ? { ...profile, logo: resolve(dirname(settingsFile), logo) }
        : profile;
}

/**
 * Flags come before the profile, kvazaar's options after `--` follow those of the profile and win.
 * @param container as it was decided with the outputs
 * @throws KvzError USAGE, INPUT_UNREADABLE (the image of a logo)
 */
export async function buildRequest(
    flags: EncodeOptionFlags,
    profile: Profile,
    container: Container,
    kvazaar: readonly string[],
    mode: Pick<EncodeRequest, 'failOnDuplicate' | 'force' | 'detach'>,
): Promise<EncodeRequest> {
    const logo = flags.logo ?? profile.logo ?? true;
    const seconds = flags.logoSeconds ?? profile.logoSeconds;
    const strict = flags.strict ?? profile.strict;
    const deinterlace = flags.deinterlace ?? profile.deinterlace;
    const verify = flags.verify ?? profile.verify;
    return {
        options: {
            preset: flags.preset ?? profile.preset ?? DEFAULT_PRESET,
            container,
            kvazaar: [...(profile.kvazaar ?? []), ...kvazaar],
            logo: {
                enabled: logo !== false,
                ...(seconds === undefined ? {} : { seconds }),
                ...(typeof logo === 'string' ? { image: await readLogo(logo) } : {}),
            },
            ...(strict ? { strict } : {}),
            ...(deinterlace ? { deinterlace } : {}),
            ...(verify ? { verify } : {}),
        },
        priority: flags.priority ?? profile.priority ?? 0,
        raw: rawFormat(flags),
        ...mode,
    };
}
