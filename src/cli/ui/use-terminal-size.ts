import { useStdout } from 'ink';
import { useEffect, useState } from 'react';

export interface TerminalSize {
    columns: number;
    rows: number;
}

function sizeOf(stream: NodeJS.WriteStream): TerminalSize {
    return { columns: stream.columns || 80, rows: stream.rows || 24 };
}

/** The size of the terminal, in characters, as it is now. */
export function useTerminalSize(): TerminalSize {
    const { stdout } = useStdout();
    const [size, setSize] = useState(() => sizeOf(stdout));
    useEffect(() => {
        const onResize = (): void => setSize(sizeOf(stdout));
        stdout.on('resize', onResize);
        return () => void stdout.off('resize', onResize);
    }, [stdout]);
    return size;
}
