/** Malformed HTTP requests as bytes, for a bare connection; the same seed makes the same. */
import { hostileText, pick } from './hostile-messages.js';
import type { Random } from './random.js';

export interface Target {
    host: string;
    token: string;
    /** Of an open upload of the token's user. */
    uploadId: string;
    marker: string;
}

const inUrl = (random: Random, { marker }: Target): string => {
    const text = hostileText(random, marker).slice(0, 9000);
    // Bytes that cannot be in a request line at all are tried as well.
    return random.below(8) === 0
        ? Buffer.from(text).toString('latin1')
        : encodeURIComponent(Buffer.from(text).toString('latin1'));
};

function path(random: Random, target: Target): string {
    const text = (): string => inUrl(random, target);
    const ways: (() => string)[] = [
        () => `/jobs/${text()}/result`,
        () => `/jobs/${text()}/frames`,
        () => `/jobs/x/result?ticket=${text()}`,
        () => `/upload?resumableIdentifier=${text()}&resumableChunkNumber=${text()}`,
        () =>
            `/upload?resumableIdentifier=${target.uploadId}` +
            `&resumableChunkNumber=${pick(random, ['1', '0', '-1', '1e9', 'NaN', '9'.repeat(400)])}` +
            `&resumableChunkSize=${pick(random, ['1048576', '1', '0', '-5', '1e99', '67108864'])}` +
            `&resumableTotalSize=${pick(random, ['1572864', '0', '1e15', 'x'])}` +
            `&resumableFilename=${text()}&resumableRelativePath=${text()}`,
        () => `/upload?${'resumableIdentifier=x&'.repeat(random.below(300))}`,
        () => `/upload?__proto__[x]=1&constructor.prototype.x=1&${text()}[]=1`,
        () => `/../../../../tmp/${target.marker}`,
        () => `//${text()}`,
        () => `http://evil.example/${text()}`,
        () => '*',
        () => `/${'a/'.repeat(random.below(6000))}`,
        () => '/healthz',
        () => '/metrics',
        () => '/ws',
    ];
    return pick(random, ways)();
}

function headers(random: Random, target: Target): string[] {
    const text = (): string => Buffer.from(hostileText(random, target.marker)).toString('latin1');
    const ways: (() => string[])[] = [
        () => [`Host: ${pick(random, ['evil.example', 'evil@127.0.0.1', '', text()])}`],
        () => [`Host: ${target.host}`, 'Host: evil.example'],
        () => ['Origin: http://evil.example'],
        () => ['Authorization: Bearer', `Authorization: Bearer ${text()}`],
        () => [`Authorization: ${pick(random, ['Basic eDp5', 'Bearer  ', text()])}`],
        () => ['Content-Length: 5', 'Content-Length: 6'],
        () => [`Content-Length: ${pick(random, ['-1', '1e3', '0x10', '9'.repeat(30), '+5'])}`],
        () => ['Transfer-Encoding: chunked', 'Content-Length: 4'],
        () => [`Transfer-Encoding: ${pick(random, ['xchunked', 'chunked, identity', ' chunked'])}`],
        () => [`Range: ${pick(random, ['bytes=0-0,1-1,2-2', 'bytes=-9e9', 'bytes=5-1', text()])}`],
        () => [`Kvz-Leaf-Digests: ${'0'.repeat(64)},`.repeat(1 + random.below(20))],
        () => [`Kvz-Local-Source: ${text()}`, `Kvz-Local-Proof: ${'0'.repeat(64)}`],
        () => [`Kvz-Delivery: ${text()}`],
        () => ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: x'],
        () => Array.from({ length: random.below(3000) }, (_, i) => `X-${i}: ${i}`),
        () => [`X: ${'y'.repeat(random.below(40_000))}`],
        () => ['No colon', ' Folded: yes', `${text()}: x`, `X: ${text()}`],
        () => ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
        () => ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 99'],
        () => [
            ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
            `Sec-WebSocket-Key: ${pick(random, ['x', 'dGhlIHNhbXBsZSBub25jZQ==', text()])}`,
            `Sec-WebSocket-Extensions: ${pick(random, ['permessage-deflate; a=1', text()])}`,
        ],
        () => ['Expect: 100-continue'],
        () => [`Expect: ${text()}`],
        () => ['Content-Encoding: gzip'],
    ];
    return [...Array(random.below(3)).keys()].flatMap(() => pick(random, ways)());
}

function body(random: Random, target: Target): [string[], string] {
    const text = (): string => Buffer.from(hostileText(random, target.marker)).toString('latin1');
    const form = 'Content-Type: multipart/form-data; boundary=b';
    const file = `--b\r\nContent-Disposition: form-data; name="file"; filename="${text()}"\r\n\r\n`;
    const chunked = 'Transfer-Encoding: chunked';
    const octet = 'Content-Type: application/octet-stream';
    const sized = (type: string, content: string): [string[], string] => [
        [type, `Content-Length: ${content.length}`],
        content,
    ];
    const ways: (() => [string[], string])[] = [
        () => sized(form, `${file}data`),
        () => sized(form, `${file}data\r\n--b--${file}more\r\n--b--`),
        () => sized(form, '--b\r\n'.repeat(random.below(2000))),
        () => sized(form, `--b\r\nX: ${'y'.repeat(90_000)}\r\n\r\n`),
        () => sized(form, `--b\r\nContent-Disposition: ${text()}\r\n\r\nx\r\n--b--`),
        () => sized('Content-Type: multipart/form-data', file),
        () => sized(`Content-Type: multipart/form-data; boundary=${text()}`, file),
        () => sized(octet, text()),
        () => [[octet, 'Content-Length: 1048576'], text()],
        () => [
            [octet, chunked],
            `${pick(random, ['-1', 'zz', 'fffffffffffffffff', '5;x="'])}\r\nx`,
        ],
        () => [[octet, chunked], '5\r\nab'],
        () => [[octet, chunked], `1;${'e'.repeat(30_000)}\r\na\r\n0\r\n\r\n`],
        () => [[octet, chunked], `0\r\nHost: evil.example\r\n${text()}: x\r\n\r\n`],
        () => [[octet, chunked], '1\r\na\r\n'.repeat(random.below(3000))],
        () => sized('Content-Type: application/json', '{"__proto__":{}}'),
        () => sized(`Content-Type: ${text()}`, 'x'),
    ];
    return pick(random, ways)();
}

/** The bytes of one request, which may be no request at all. */
export function hostileRequest(random: Random, target: Target): Buffer {
    if (random.below(20) === 0) {
        const size = random.below(3000);
        return Buffer.from(Array.from({ length: size }, () => random.below(256)));
    }
    const method = pick(random, [
        ...['GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'],
        ...['TRACE', 'CONNECT', 'get', 'G\0T', 'X'.repeat(random.below(500) + 1)],
    ]);
    const version =
        random.below(12) === 0 ? pick(random, ['HTTP/0.9', 'HTTP/9.9', '']) : 'HTTP/1.1';
    const isNamed = random.below(8) !== 0;
    const isKnown = random.below(4) !== 0;
    const [about, content] = method === 'POST' ? body(random, target) : [[], ''];
    const lines = [
        `${method} ${path(random, target)} ${version}`,
        ...(isNamed ? [`Host: ${target.host}`] : []),
        ...(isKnown ? [`Authorization: Bearer ${target.token}`] : []),
        ...headers(random, target),
        ...about,
    ];
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${content}`, 'latin1');
}
