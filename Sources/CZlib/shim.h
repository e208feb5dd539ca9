/* The part of zlib that Discovery and Archive use: compressing one buffer and inflating, in the gzip format. Without ZLIB_CONST, as every
   other module of the program has it: one struct must not have two definitions. */
#include <zlib.h>
