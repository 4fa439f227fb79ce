/** The settings that commands go by; the daemon does not look at these. */
import { DEFAULT_HOST, DEFAULT_PORT } from '../protocol/limits.js';
import { parseProfiles, type Profiles } from './profiles.js';
import { define, text, timeLimit, url } from './setting-values.js';

export const COMMAND_TABLE = {
    server: define({
        default: `http://${DEFAULT_HOST}:${DEFAULT_PORT}`,
        env: 'KVZ_CLOUD_SERVER',
        meaning:
            'the daemon that commands talk to; one on loopback is started when none runs. By default where host and port in the settings file say, if on loopback',
        parse: url,
    }),
    tlsCa: define({
        default: '',
        defaultText: 'the usual ones',
        env: 'KVZ_CLOUD_TLS_CA',
        meaning:
            'file of the authorities (PEM) that the certificates of an https daemon and of a rediss queue must be of',
        parse: text,
    }),
    networkTimeout: define({
        default: 60,
        meaning: 'seconds without a byte after which a command takes a connection for dead',
        parse: timeLimit,
    }),
    giveUpAfter: define({
        default: 600,
        meaning: 'seconds without success after which a command no longer tries to go on',
        parse: timeLimit,
    }),
    profiles: define<Profiles>({
        default: {},
        defaultText: 'none',
        meaning: 'encoding options by the names that `encode --profile` takes',
        parse: parseProfiles,
    }),
} as const;
