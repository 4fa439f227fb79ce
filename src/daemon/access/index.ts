/** Who is let in, from where, and how much each may ask: what the parts of the daemon share of it. */
import type { Settings } from '../../config/settings.js';
import type { Store } from '../store/index.js';
import { Authenticator } from './authenticator.js';
import { Gate } from './gate.js';
import { Limits } from './limits.js';
import { Presences } from './presences.js';
import { DownloadTickets } from './tickets.js';

export interface Access {
    gate: Gate;
    authenticator: Authenticator;
    limits: Limits;
    presences: Presences;
    tickets: DownloadTickets;
}

/** @param ownerTokenFile see {@link Authenticator} */
export function createAccess(store: Store, settings: Settings, ownerTokenFile?: string): Access {
    return {
        gate: new Gate(settings),
        authenticator: new Authenticator(store, settings, ownerTokenFile),
        limits: new Limits(settings),
        presences: new Presences(store),
        tickets: new DownloadTickets(),
    };
}
