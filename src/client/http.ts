/** Plain HTTP to the daemon: node:http(s) with connections that are kept open between requests. */
import * as http from 'node:http';
import * as https from 'node:https';
import { tlsOptions, type TlsOptions } from '../config/tls-trust.js';

export class HttpClient {
    readonly server: string;
    readonly #token: string | undefined;
    readonly #agent: http.Agent;
    readonly #secure: boolean;

    /** @param server http(s)://HOST:PORT */
    constructor(server: string, token?: string, tls: TlsOptions = tlsOptions()) {
        this.server = server;
        this.#token = token;
        this.#secure = new URL(server).protocol === 'https:';
        const options = { keepAlive: true, maxSockets: 64 };
        this.#agent = this.#secure
            ? new https.Agent({ ...options, ...tls })
            : new http.Agent(options);
    }

    /**
     * Starts a request. The token goes only to the daemon itself, whatever address it names.
     * @param path below the server
     * @param options.inactivityMs milliseconds without a byte in either direction before it fails
     */
    request(
        path: string,
        options: {
            method?: 'GET' | 'HEAD' | 'POST';
            headers?: http.OutgoingHttpHeaders;
            signal?: AbortSignal | undefined;
            inactivityMs: number;
        },
    ): http.ClientRequest {
        const url = new URL(path, this.server);
        if (url.origin !== new URL(this.server).origin) {
            throw new Error(`${path} is not an address at ${this.server}`);
        }
        const request = (this.#secure ? https : http).request(url, {
            method: options.method ?? 'GET',
            agent: this.#agent,
            headers: {
                ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
                ...options.headers,
            },
            timeout: options.inactivityMs,
            ...(options.signal ? { signal: options.signal } : {}),
        });
        request.on('timeout', () => {
            request.destroy(
                Object.assign(new Error('no byte came or went for too long'), {
                    code: 'ETIMEDOUT',
                }),
            );
        });
        return request;
    }

    close(): void {
        this.#agent.destroy();
    }
}

/** Reads a short body, at most `maxBytes` of it. */
export async function readBody(response: http.IncomingMessage, maxBytes = 65_536): Promise<string> {
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of response as AsyncIterable<Buffer>) {
        length += part.length;
        if (length > maxBytes) {
            response.destroy();
            break;
        }
        parts.push(part);
    }
    return Buffer.concat(parts).toString('utf8');
}

/** Code and message of an error body; what is not one is described by its status. */
export function errorBody(status: number, body: string): { code: string; message: string } {
    try {
        const value: unknown = JSON.parse(body);
        if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value) {
            return { code: String(value.code), message: String(value.message) };
        }
    } catch {
        // not JSON: a proxy's page, perhaps
    }
    return { code: '', message: `HTTP ${status}` };
}
