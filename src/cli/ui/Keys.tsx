import { useInput } from 'ink';
import { useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import type { Key } from './dialog.js';
import { typedKeys } from './typed-keys.js';
import type { ViewStore } from './view-store.js';

/** Reads keys for as long as there are any to press. */
export function Keys(props: {
    store: ViewStore;
    onKey: (key: Key) => void;
    children?: ReactNode;
}): ReactNode {
    const { store, onKey, children } = props;
    const { hasKeys } = useSyncExternalStore(store.subscribe, store.snapshot);
    useInput(
        (input, { ctrl, escape, upArrow, downArrow }) => {
            const special = { escape, up: upArrow, down: downArrow };
            for (const key of typedKeys(input, ctrl)) onKey({ ...key, ...special });
        },
        { isActive: hasKeys },
    );
    return children;
}
