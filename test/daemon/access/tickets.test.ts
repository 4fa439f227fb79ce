/** What a browser downloads with: good once, for one result, for a minute. */
import { describe, expect, it } from 'vitest';
import { DownloadTickets } from '../../../src/daemon/access/tickets.js';
import type { User } from '../../../src/daemon/store/index.js';

const user = (id: number): User => ({
    id,
    name: `user ${id}`,
    role: 'user',
    tokenId: id,
    expiresAt: undefined,
});

describe('a ticket', () => {
    it('is good once, and for its own job only', () => {
        const tickets = new DownloadTickets();
        const { ticket } = tickets.issue(user(1), 'job', 0);
        expect(tickets.redeem(ticket, 'job', 1)).toEqual(user(1));
        expect(tickets.redeem(ticket, 'job', 1)).toBeUndefined();
        const other = tickets.issue(user(1), 'job', 0);
        expect(tickets.redeem(other.ticket, 'another', 1)).toBeUndefined();
        // Whoever tries it elsewhere has used it up.
        expect(tickets.redeem(other.ticket, 'job', 1)).toBeUndefined();
    });

    it('is void when its time is over', () => {
        const tickets = new DownloadTickets();
        const { ticket, expiresAtMs } = tickets.issue(user(1), 'job', 0);
        expect(tickets.redeem(ticket, 'job', expiresAtMs)).toBeUndefined();
    });

    it('is void when its user has asked for a hundred others; those of others stay', () => {
        const tickets = new DownloadTickets();
        const kept = tickets.issue(user(2), 'job', 0);
        const first = tickets.issue(user(1), 'job', 0);
        const second = tickets.issue(user(1), 'job', 0);
        for (let i = 0; i < 99; i += 1) tickets.issue(user(1), 'job', 1);
        expect(tickets.redeem(first.ticket, 'job', 2)).toBeUndefined();
        expect(tickets.redeem(second.ticket, 'job', 2)).toEqual(user(1));
        expect(tickets.redeem(kept.ticket, 'job', 2)).toEqual(user(2));
    });
});
