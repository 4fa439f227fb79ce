/** Sends one notification to a webhook. */
import { createHmac } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { VERSION } from '../../config/version.js';
import { isPublicAddress, PrivateAddressError, publicLookup, type Resolve } from './addresses.js';

export interface WebhookOptions {
    /** '' : requests are not signed. */
    secret: string;
    allowPrivate: boolean;
    /** From the look-up of the name to the status of the answer. */
    timeoutMs: number;
    /** Instead of the system's look-up of names. */
    resolve?: Resolve | undefined;
    signal: AbortSignal;
}

/** `v1=` and the HMAC-SHA256 of "TIMESTAMP.BODY" in hex. @param timestamp seconds, as text */
function signature(secret: string, timestamp: string, body: string): string {
    return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/**
 * Makes the request; redirects are not followed, as they could lead anywhere.
 * @throws PrivateAddressError, or Error when the answer is not 2xx or there is none
 */
export async function sendWebhook(
    address: string,
    id: string,
    body: string,
    options: WebhookOptions,
): Promise<void> {
    const url = new URL(address);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // A literal address is connected to without any look-up.
    if (!options.allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
        throw new PrivateAddressError(host);
    }
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
    const status = await new Promise<number>((resolve, reject) => {
        const request = (url.protocol === 'https:' ? https : http).request(url, {
            method: 'POST',
            // A connection of its own: one that is reused could have been made without the check.
            agent: false,
            signal,
            ...(!options.allowPrivate && { lookup: publicLookup(options.resolve) }),
            headers: {
                'content-type': 'application/json',
                'content-length': Buffer.byteLength(body),
                'user-agent': `kvz-cloud/${VERSION}`,
                'kvz-notification': id,
                'kvz-timestamp': timestamp,
                ...(options.secret !== '' && {
                    'kvz-signature': signature(options.secret, timestamp, body),
                }),
            },
        });
        request.on('response', (response) => {
            resolve(response.statusCode ?? 0);
            // Nobody reads what is answered.
            response.on('error', () => undefined).destroy();
        });
        request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
        request.end(body);
    });
    if (status < 200 || status > 299) throw new Error(`the answer was ${status}`);
}
