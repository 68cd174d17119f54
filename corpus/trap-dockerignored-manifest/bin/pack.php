<?php

require __DIR__ . '/../vendor/autoload.php';

Example\Pack\pack($argv[1] ?? '.', $argv[2] ?? 'out.zip');
