/* Reads each file named into a fuzz target, once: the driver where there is no fuzzing engine. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
size_t LLVMFuzzerMutate(uint8_t *at, size_t len, size_t most);

/* Targets ask the engine for it, and none is here. */
size_t LLVMFuzzerMutate(uint8_t *at, size_t len, size_t most)
{
	(void)at;
	return len < most ? len : most;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *buf;
		long len;

		if (!f || fseek(f, 0, SEEK_END) || (len = ftell(f)) < 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		rewind(f);
		buf = malloc(len ? (size_t)len : 1); /* to the byte, so that ASan guards the end */
		if (!buf || fread(buf, 1, (size_t)len, f) != (size_t)len) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		fclose(f);
		LLVMFuzzerTestOneInput(buf, (size_t)len);
		free(buf);
	}
	return EXIT_SUCCESS;
}
