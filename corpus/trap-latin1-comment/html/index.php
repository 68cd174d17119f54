<?php

$image = imagecreatetruecolor(120, 90);
header('Content-Type: image/png');
imagepng($image);
