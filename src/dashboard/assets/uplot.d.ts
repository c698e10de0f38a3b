/** The package as the browser gets it, at an address of our own. */
export { default } from 'uplot';
