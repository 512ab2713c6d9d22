/* A program that does what its first word says. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static int is(const char *what, const char *word) { return strcmp(what, word) == 0; }

static int do_write(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT, 0644);
    printf("%s: %s\n", path, file < 0 ? strerror(errno) : "written");
    return file < 0;
}

static int do_memory(void) {
    for (;;) {
        char *piece = malloc(1 << 20);
        if (!piece) {
            puts("no memory");
            return 9;
        }
        for (volatile char *each = piece; each < piece + (1 << 20); each += 512)
            *each = 1;
    }
}

static void do_fork(void) {
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            sleep(60);
            _exit(0);
        }
    }
    sleep(60);
}

static void do_leave(int seconds) {
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            sleep(seconds);
        _exit(0);
    }
    sleep(1);
}

/* A raised signal would not reach the first process of a container. */
static void do_illegal(void) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("ud2");
#elif defined(__aarch64__)
    __asm__ volatile(".inst 0");
#else
    raise(SIGILL);
#endif
}

static void do_network(void) {
    struct if_nameindex *all = if_nameindex();
    for (int i = 0; all && all[i].if_index; i++)
        puts(all[i].if_name);
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "hello";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (is(what, "hello")) {
        printf("hello from %s\n", words[0]);
    } else if (is(what, "exit")) {
        return atoi(words[2]);
    } else if (is(what, "null")) {
        volatile int *nowhere = 0;
        *nowhere = 1;
    } else if (is(what, "illegal")) {
        do_illegal();
    } else if (is(what, "abort")) {
        abort();
    } else if (is(what, "sleep")) {
        puts("sleeping");
        sleep(atoi(words[2]));
    } else if (is(what, "spin")) {
        for (volatile long i = 0;; i++)
            ;
    } else if (is(what, "flood")) {
        for (;;)
            puts("................................................................");
    } else if (is(what, "memory")) {
        return do_memory();
    } else if (is(what, "fork")) {
        do_fork();
    } else if (is(what, "leave")) {
        do_leave(atoi(words[2]));
    } else if (is(what, "exec")) {
        execv(words[2], words + 2);
        fprintf(stderr, "%s: %s\n", words[2], strerror(errno));
        return 126;
    } else if (is(what, "write")) {
        return do_write(words[2]);
    } else if (is(what, "environment")) {
        for (char **each = environ; *each; each++)
            puts(*each);
    } else if (is(what, "stat")) {
        struct stat info;
        for (int i = 2; i < count; i++)
            printf("%s %s\n", words[i], stat(words[i], &info) ? "absent" : "there");
    } else if (is(what, "who")) {
        char here[4096];
        printf("%d:%d %s\n", (int)getuid(), (int)getgid(), getcwd(here, sizeof here));
    } else if (is(what, "network")) {
        do_network();
    } else if (is(what, "words")) {
        for (int i = 2; i < count; i++)
            printf("[%s]\n", words[i]);
    } else {
        return 99;
    }
    return 0;
}
