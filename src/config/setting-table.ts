/** Every setting, commands' first: its type, default, meaning, and the variable it may come from. */
import {
    DEFAULT_CHUNK_BYTES,
    DEFAULT_HOST,
    DEFAULT_PORT,
    MAX_DURATION_SECONDS,
    MAX_RAW_BYTES,
} from '../protocol/limits.js';
import { COMMAND_TABLE } from './command-settings.js';
import { describeRedis, parseRedisAddress } from './redis-address.js';
import {
    chunkSize,
    commandLine,
    define,
    duration,
    flag,
    hostName,
    integer,
    listOf,
    network,
    oneOf,
    secret,
    queueAddress,
    shownAddress,
    size,
    text,
    timeLimit,
    webAddress,
} from './setting-values.js';

const GIB = 1024 ** 3;

export const SETTINGS = {
    ...COMMAND_TABLE,
    host: define({
        default: DEFAULT_HOST,
        meaning: "the address that the daemon listens on; by default the server's, if on loopback",
        parse: text,
    }),
    port: define({
        default: DEFAULT_PORT,
        meaning: "the port that the daemon listens on, 0: any free one; by default the server's",
        parse: integer(0, 65535),
    }),
    publicHosts: define<string[]>({
        default: [],
        defaultText: 'none',
        meaning:
            'names by which browsers and proxies may call the daemon besides its own address, ' +
            'such as video.example.org, with or without a port',
        parse: listOf(hostName),
    }),
    trustedProxies: define<string[]>({
        default: [],
        defaultText: 'none',
        meaning: 'addresses or networks of proxies whose X-Forwarded-For and -Proto are believed',
        parse: listOf(network),
    }),
    access: define({
        default: 'open',
        defaultText: 'open on loopback, else issued',
        meaning:
            'who is let in: "issued", with a token of `kvz-cloud token create`; "open", with any ' +
            'token, which opens an account of its own. By default open on loopback, else issued',
        parse: oneOf('open', 'issued'),
    }),
    tlsCert: define({
        default: '',
        defaultText: 'none',
        meaning: 'file of the certificate and its chain (PEM); with tlsKey: https and wss only',
        parse: text,
    }),
    tlsKey: define({
        default: '',
        defaultText: 'none',
        meaning: 'file of the private key of tlsCert (PEM)',
        parse: text,
    }),
    failedLoginsPerMinute: define({
        default: 20,
        meaning: 'wrong tokens per minute from one address before it is not listened to',
        parse: integer(1, 1_000_000),
    }),
    requestsPerSecond: define({
        default: 1000,
        meaning: 'HTTP requests per second of one user, twice as many at once',
        parse: integer(1, 1_000_000),
    }),
    messagesPerSecond: define({
        default: 200,
        meaning: 'messages per second of one user; each 8 KiB of it or its answer count as one',
        parse: integer(1, 1_000_000),
    }),
    socketsPerUser: define({
        default: 100,
        meaning: 'WebSockets that one user may have open',
        parse: integer(1, 1_000_000),
    }),
    transfersPerUser: define({
        default: 64,
        meaning: 'chunks of one user that are received at the same time',
        parse: integer(1, 10_000),
    }),
    connections: define({
        default: 10_000,
        meaning: 'connections that the daemon takes in all',
        parse: integer(1, 1_000_000),
    }),
    connectionsPerAddress: define({
        default: 2_000,
        meaning: 'connections of one address, unless it is a trusted proxy',
        parse: integer(1, 1_000_000),
    }),
    handshakeTimeout: define({
        default: 15,
        meaning: 'seconds for a TLS handshake, and for the head of a request',
        parse: timeLimit,
    }),
    stallTimeout: define({
        default: 120,
        meaning:
            'seconds after which a connection without a byte, or a request without progress, ends',
        parse: timeLimit,
    }),
    slowestRate: define({
        default: 256,
        meaning: 'bytes per second that a body or a download must move, on average of stallTimeout',
        parse: integer(0, 1_000_000),
    }),
    dataDir: define({
        default: '',
        defaultText: "the user's data folder",
        meaning: 'where the daemon keeps its database, uploads and results',
        parse: text,
    }),
    workers: define({
        default: 5,
        meaning: 'jobs that run at the same time on the machine of the daemon; 0 only with a queue',
        parse: integer(0, 256),
    }),
    queue: define({
        default: '',
        env: 'KVZ_CLOUD_QUEUE',
        show: (value) => (value === '' ? '' : describeRedis(parseRedisAddress(value))),
        meaning:
            'redis://HOST[:PORT][/DATABASE][?prefix=NAME] (rediss: with TLS) of the queue that ' +
            'worker machines share; by default the queue is in the daemon itself',
        parse: queueAddress,
    }),
    workerLease: define({
        default: 60,
        meaning: 'seconds of silence after which a worker machine has lost its jobs to others',
        parse: timeLimit,
    }),
    threads: define({
        default: 0,
        meaning: 'processor cores that running jobs share; 0 means all of them',
        parse: integer(0, 1024),
    }),
    niceness: define({
        default: 0,
        meaning: 'how far the encoding programs step back behind others, 0 to 19',
        parse: integer(0, 19),
    }),
    chunkSize: define({
        default: DEFAULT_CHUNK_BYTES,
        meaning: 'bytes of an upload chunk that the daemon recommends; a multiple of 1 MiB',
        parse: chunkSize,
    }),
    localCopy: define({
        default: true,
        env: 'KVZ_CLOUD_LOCAL_COPY',
        meaning:
            'whether a daemon reads the files of commands of its own user on its own machine ' +
            'itself, instead of being sent them; commands and daemon each look at it, and commands ' +
            'find such a daemon by dataDir',
        parse: flag,
    }),
    rawBytes: define({
        default: MAX_RAW_BYTES,
        meaning: 'the largest raw video that is accepted, bytes',
        parse: size(1),
    }),
    containerBytes: define({
        default: 50_000_000_000,
        meaning: 'the largest file other than raw video that is accepted, bytes',
        parse: size(1),
    }),
    durationSeconds: define({
        default: MAX_DURATION_SECONDS,
        meaning: 'the longest video other than raw that is accepted, seconds',
        parse: duration,
    }),
    freeSpaceFloor: define({
        default: GIB,
        meaning:
            'bytes of disk that must stay free for an upload to be approved or a job to be started',
        parse: size(0),
    }),
    resultBytes: define({
        default: 50_000_000_000,
        meaning: 'the largest result that a job may have, bytes',
        parse: size(1),
    }),
    jobSeconds: define({
        default: 24 * 3600,
        meaning: 'the longest time that a job may take, seconds',
        parse: timeLimit,
    }),
    jobStallSeconds: define({
        default: 300,
        meaning:
            'seconds after which a job ends in which nothing moved: no byte of its source came, ' +
            'no frame was decoded or encoded, nothing was written',
        parse: timeLimit,
    }),
    retries: define({
        default: 3,
        meaning: 'how often a job that failed for a reason that may pass is tried again by itself',
        parse: integer(0, 100),
    }),
    retryDelay: define({
        default: 30,
        meaning:
            'seconds until the first such retry; each further one waits twice as long, 1h at most',
        parse: timeLimit,
    }),
    stopGrace: define({
        default: 10,
        meaning: 'seconds that jobs which are about to end are given when the daemon stops',
        parse: duration,
    }),
    userQuota: define({
        default: 1000 * GIB,
        meaning: 'bytes of uploads and sources that one user may have on the daemon',
        parse: size(1),
    }),
    uploadsPerUser: define({
        default: 100,
        meaning: 'uploads that one user may have open',
        parse: integer(1, 1_000_000),
    }),
    uploadExpiry: define({
        default: 7 * 86400,
        meaning: 'seconds after which an upload that went silent is given up',
        parse: duration,
    }),
    resultExpiry: define({
        default: 30 * 86400,
        meaning: 'seconds that a result is kept after it was made or last used; 0: for ever',
        parse: duration,
    }),
    sourceExpiry: define({
        default: 7 * 86400,
        meaning: "seconds that a source is kept after its user's last job of it; 0: for ever",
        parse: duration,
    }),
    downloads: define({
        default: 0,
        meaning: 'how often one user may download a result whole; 0: without limit',
        parse: integer(0, 1_000_000),
    }),
    webhookUrls: define<string[]>({
        default: [],
        defaultText: 'none',
        env: 'KVZ_CLOUD_WEBHOOK_URLS',
        show: (addresses) => addresses.map(shownAddress),
        meaning: 'addresses that are told of each job that has ended, by POST',
        parse: listOf(webAddress),
    }),
    webhookSecret: define({
        default: '',
        defaultText: 'none',
        env: 'KVZ_CLOUD_WEBHOOK_SECRET',
        meaning: 'what webhooks are signed with (HMAC-SHA256)',
        parse: secret,
        isSecret: true,
    }),
    webhookPrivate: define({
        default: false,
        meaning: 'whether webhooks may go to addresses of this machine and of private networks',
        parse: flag,
    }),
    onJobEnd: define<string[]>({
        default: [],
        defaultText: 'none',
        meaning:
            'a program, or a list of it and its arguments, that is run for each job that ended',
        parse: commandLine,
    }),
    metricsToken: define({
        default: '',
        defaultText: 'none',
        env: 'KVZ_CLOUD_METRICS_TOKEN',
        meaning: 'what /metrics asks for as bearer token; without one it answers this machine only',
        parse: secret,
        isSecret: true,
    }),
    logLevel: define({
        default: 'info' as const,
        env: 'KVZ_CLOUD_LOG_LEVEL',
        meaning: 'how much the daemon logs: fatal, error, warn, info, debug, trace or silent',
        parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    }),
} as const;

type Table = typeof SETTINGS;
export type SettingName = keyof Table;
export type Settings = { [K in SettingName]: ReturnType<Table[K]['parse']> };
/** What commands go by; the daemon does not look at these. */
export const COMMAND_SETTINGS: ReadonlySet<string> = new Set(Object.keys(COMMAND_TABLE));
