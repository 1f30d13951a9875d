/* The library is loaded and asked for its version: no thread starts, no descriptor stays open, and it is never
 * unmapped. Linked, or with -DBY_DLOPEN and the library's path as argument. */
#include "program.h"
#include <dlfcn.h>

#ifdef BY_DLOPEN
static int is_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int found = 0;
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps)) found |= strstr(line, "librocketmq_producer") != NULL;
    fclose(maps);
    return found;
}

int main(int argc, char **argv)
{
    int threads = thread_count(), descriptors = descriptor_count();
    void *library;
    uint32_t (*version)(void);

    CHECK(argc == 2 && !is_mapped());
    say("threads_before", threads);
    say("descriptors_before", descriptors);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL && is_mapped());
    *(void **)&version = dlsym(library, "rocketmq_version_number");
    CHECK(version != NULL && version() == ROCKETMQ_VERSION_NUMBER);
    say("threads", thread_count());
    say("descriptors", descriptor_count());
    CHECK(dlclose(library) == 0);
    say("mapped_after_dlclose", is_mapped());
    CHECK(version() == ROCKETMQ_VERSION_NUMBER);
    return 0;
}
#else
int main(void)
{
    CHECK(rocketmq_version_number() == ROCKETMQ_VERSION_NUMBER);
    say("threads", thread_count());
    say("descriptors", descriptor_count());
    return 0;
}
#endif
