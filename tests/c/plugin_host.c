/* Closes a plugin while the library inside it runs: what it does after that works as before. The plugin's path comes
 * after the name server. It is not linked with the library. */
#include "program.h"
#include <dlfcn.h>

static void *symbol(void *plugin, const char *name)
{
    void *found = dlsym(plugin, name);
    CHECK(found != NULL);
    return found;
}

int main(int argc, char **argv)
{
    void *plugin;
    void (*start)(const char *), (*send_one)(void), (*stop)(void);

    CHECK(argc == 3);
    plugin = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) fprintf(stderr, "%s\n", dlerror());
    CHECK(plugin != NULL);
    *(void **)&start = symbol(plugin, "plugin_start");
    *(void **)&send_one = symbol(plugin, "plugin_send");
    *(void **)&stop = symbol(plugin, "plugin_stop");
    start(argv[1]);
    send_one();
    CHECK(dlclose(plugin) == 0);
    send_one();
    stop();
    return 0;
}
