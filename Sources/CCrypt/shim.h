/* The part of libcrypt that Agent uses: crypt_rn, which hashes a password by bcrypt. Not libcrypto, which knows no bcrypt. */
#include <crypt.h>
