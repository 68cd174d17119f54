<?php

namespace Example\Pack;

function pack(string $folder, string $target): void
{
    $zip = new \ZipArchive();
    $zip->open($target, \ZipArchive::CREATE);
    foreach (glob("$folder/*") as $file) {
        $zip->addFile($file, basename($file));
    }
    $zip->close();
}
