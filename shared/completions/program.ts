/** A program's command line, as far as a shell needs to know it to complete it. */
export interface Program {
  readonly name: string
  readonly flags: readonly Flag[]
}

export interface Flag {
  /** With their dashes: `-l`, `--socks-addr`. */
  readonly names: readonly string[]
  readonly summary: string
  /** What it takes; undefined if it takes none. */
  readonly value?: Value
}

export interface Value {
  /** What stands for it in the help. */
  readonly placeholder: string
  readonly kind: 'text' | 'file' | 'folder'
  /** Those that it can begin with; empty if that is open. */
  readonly words: readonly Word[]
}

export interface Word {
  readonly text: string
  readonly summary?: string
}

/** A flag as the library that reads the command line describes it. */
export interface Described {
  readonly short?: string | undefined
  readonly long?: string | undefined
  /** With what stands for the value: `-p, --socks-port <PORT>`. */
  readonly flags: string
  readonly description: string
}

const kinds: Readonly<Record<string, Value['kind']>> = { FILE: 'file', PATH: 'file', DIR: 'folder' }

/** The program `name` with these flags; `wordsOf` tells what a flag, named without dashes, can be given. */
export function programOf(
  name: string,
  described: readonly Described[],
  wordsOf: (flag: string) => readonly Word[],
): Program {
  const flags = described.map(({ short, long, flags, description }) => {
    const [, placeholder] = /<(.+)>$/.exec(flags) ?? []
    const words = wordsOf(long?.slice(2) ?? '')
    return {
      names: [short, long].filter((name) => name !== undefined),
      summary: brief(description),
      ...(placeholder !== undefined && { value: { placeholder, kind: kinds[placeholder] ?? 'text', words } }),
    }
  })
  return { name, flags }
}

/** What a summary says first: a list of flags has no room for more. */
function brief(summary: string): string {
  return summary.replace(/(?:[;:]|\.(?= |$)| \().*$/s, '')
}
