/* Prints the version of the libjpeg that it is linked with, as that tells it when a picture is begun. */
#include <stdio.h>
#include <jpeglib.h>

int main(void)
{
    struct jpeg_compress_struct picture;
    struct jpeg_error_mgr errors;

    picture.err = jpeg_std_error(&errors);
    jpeg_create_compress(&picture);
    jpeg_destroy_compress(&picture);
    printf("jpeg %d\n", JPEG_LIB_VERSION);
    return 0;
}
