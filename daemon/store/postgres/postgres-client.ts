/** The package that speaks to PostgreSQL, apart from the rest, since most daemons never do. */
export { default } from 'pg'
