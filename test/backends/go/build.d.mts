/** The file that the build makes of a program. */
export declare function binaryOf(program: 'jaeger' | 'collector'): string
