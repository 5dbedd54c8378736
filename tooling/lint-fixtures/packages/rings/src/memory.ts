// Gives the hot fixtures a view to import.
export const i32 = new Int32Array(1024);
export const step = 4;
