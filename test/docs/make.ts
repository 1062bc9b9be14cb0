import { writeFileSync } from 'node:fs'
import { pageFile, readSources } from './files.ts'
import { protocolPage } from './page.ts'

/** `make docs`: write PROTOCOL.md anew. */
writeFileSync(pageFile, protocolPage(readSources()))
