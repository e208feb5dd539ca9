/* Avahi's client library, looked for when mDNS begins instead of when the agent starts: for the tarball, which runs where Avahi is not
 * installed. Linked in front of the library, this answers for each of its functions that the agent uses. Where the library is missing there is
 * no client to be had, which the agent takes as it takes a missing D-Bus: one line in the log, and mDNS is off. */
#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-common/thread-watch.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static void *library;

static void open_library(void) {
    /* It brings libavahi-common in, whose names are then found in it, too. */
    library = dlopen("libavahi-client.so.3", RTLD_NOW | RTLD_LOCAL);
}

static void *find(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_library);
    return library ? dlsym(library, name) : NULL;
}

/* FORWARD(result, name, (parameters), (arguments), otherwise): a function that is the library's of the same name. */
#define FORWARD(result, name, parameters, arguments, otherwise)         \
    result name parameters {                                            \
        static __typeof__(&name) real;                                  \
        __typeof__(&name) known = __atomic_load_n(&real, __ATOMIC_RELAXED); \
        if (!known) {                                                   \
            known = (__typeof__(&name))find(#name);                     \
            __atomic_store_n(&real, known, __ATOMIC_RELAXED);           \
        }                                                               \
        if (!known) {                                                   \
            otherwise;                                                  \
        }                                                               \
        return known arguments;                                         \
    }

/* Stands for a poll where there is none: the agent makes one before it asks for a client. */
static char no_poll;

FORWARD(AvahiThreadedPoll *, avahi_threaded_poll_new, (void), (), return (AvahiThreadedPoll *)&no_poll)
FORWARD(const AvahiPoll *, avahi_threaded_poll_get, (AvahiThreadedPoll * p), (p), return NULL)
FORWARD(void, avahi_threaded_poll_free, (AvahiThreadedPoll * p), (p), return)
FORWARD(int, avahi_threaded_poll_start, (AvahiThreadedPoll * p), (p), return -1)
FORWARD(int, avahi_threaded_poll_stop, (AvahiThreadedPoll * p), (p), return -1)
FORWARD(void, avahi_threaded_poll_lock, (AvahiThreadedPoll * p), (p), return)
FORWARD(void, avahi_threaded_poll_unlock, (AvahiThreadedPoll * p), (p), return)

FORWARD(AvahiClient *, avahi_client_new,
        (const AvahiPoll *p, AvahiClientFlags flags, AvahiClientCallback callback, void *userdata, int *error),
        (p, flags, callback, userdata, error), {
            if (error) *error = AVAHI_ERR_NO_DAEMON;
            return NULL;
        })
FORWARD(void, avahi_client_free, (AvahiClient * c), (c), return)
FORWARD(int, avahi_client_errno, (AvahiClient * c), (c), return AVAHI_ERR_NO_DAEMON)
FORWARD(const char *, avahi_strerror, (int error), (error), return "libavahi-client.so.3 is not installed")

FORWARD(AvahiServiceBrowser *, avahi_service_browser_new,
        (AvahiClient * c, AvahiIfIndex i, AvahiProtocol p, const char *type, const char *domain, AvahiLookupFlags flags,
         AvahiServiceBrowserCallback callback, void *userdata),
        (c, i, p, type, domain, flags, callback, userdata), return NULL)
FORWARD(AvahiClient *, avahi_service_browser_get_client, (AvahiServiceBrowser * b), (b), return NULL)
FORWARD(AvahiServiceResolver *, avahi_service_resolver_new,
        (AvahiClient * c, AvahiIfIndex i, AvahiProtocol p, const char *name, const char *type, const char *domain,
         AvahiProtocol a, AvahiLookupFlags flags, AvahiServiceResolverCallback callback, void *userdata),
        (c, i, p, name, type, domain, a, flags, callback, userdata), return NULL)
FORWARD(int, avahi_service_resolver_free, (AvahiServiceResolver * r), (r), return AVAHI_ERR_NO_DAEMON)

FORWARD(AvahiEntryGroup *, avahi_entry_group_new,
        (AvahiClient * c, AvahiEntryGroupCallback callback, void *userdata), (c, callback, userdata), return NULL)
FORWARD(AvahiClient *, avahi_entry_group_get_client, (AvahiEntryGroup * g), (g), return NULL)
FORWARD(int, avahi_entry_group_free, (AvahiEntryGroup * g), (g), return AVAHI_ERR_NO_DAEMON)
FORWARD(int, avahi_entry_group_is_empty, (AvahiEntryGroup * g), (g), return 1)
FORWARD(int, avahi_entry_group_reset, (AvahiEntryGroup * g), (g), return AVAHI_ERR_NO_DAEMON)
FORWARD(int, avahi_entry_group_commit, (AvahiEntryGroup * g), (g), return AVAHI_ERR_NO_DAEMON)
FORWARD(int, avahi_entry_group_add_service_strlst,
        (AvahiEntryGroup * g, AvahiIfIndex i, AvahiProtocol p, AvahiPublishFlags flags, const char *name,
         const char *type, const char *domain, const char *host, uint16_t port, AvahiStringList *txt),
        (g, i, p, flags, name, type, domain, host, port, txt), return AVAHI_ERR_NO_DAEMON)
FORWARD(int, avahi_entry_group_update_service_txt_strlst,
        (AvahiEntryGroup * g, AvahiIfIndex i, AvahiProtocol p, AvahiPublishFlags flags, const char *name,
         const char *type, const char *domain, AvahiStringList *txt),
        (g, i, p, flags, name, type, domain, txt), return AVAHI_ERR_NO_DAEMON)

FORWARD(AvahiStringList *, avahi_string_list_add_arbitrary, (AvahiStringList * l, const uint8_t *text, size_t size),
        (l, text, size), return NULL)
FORWARD(void, avahi_string_list_free, (AvahiStringList * l), (l), return)
FORWARD(AvahiStringList *, avahi_string_list_get_next, (AvahiStringList * l), (l), return NULL)
FORWARD(uint8_t *, avahi_string_list_get_text, (AvahiStringList * l), (l), return NULL)
FORWARD(size_t, avahi_string_list_get_size, (AvahiStringList * l), (l), return 0)
FORWARD(char *, avahi_alternative_service_name, (const char *s), (s), return NULL)
FORWARD(void, avahi_free, (void *p), (p), return)
