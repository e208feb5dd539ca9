/* The part of zlib that Discovery uses: compressing and inflating one buffer in the gzip format. Without ZLIB_CONST, as every
   other module of the program has it: one struct must not have two definitions. */
#include <zlib.h>
